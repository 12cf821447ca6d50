namespace Kimura.Grains.Cluster;

/// <summary>Which silos of the cluster run, as the engine knows it; registered by the engine's wiring. Any thread may ask.</summary>
public interface ILivingSilos
{
    /// <summary>Their names.</summary>
    IEnumerable<string> Names { get; }
}
