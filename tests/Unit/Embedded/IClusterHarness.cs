using Kimura.Tests.Unit.Embedded.Harness;
using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace Kimura.Tests.Unit.Embedded;

/// <summary>A running cluster under a clock of its own, whichever engine runs it. The contract tests stand on this alone.</summary>
public interface IClusterHarness : IAsyncDisposable
{
    /// <summary>A client that belongs to no silo.</summary>
    IClusterClient Client { get; }

    /// <summary>What test grains tell the test, and wait for.</summary>
    Probe Probe { get; }

    /// <summary>The names of the running silos, oldest first.</summary>
    IReadOnlyList<string> Silos { get; }

    /// <summary>The grain factory of a silo, as its hosted services use it.</summary>
    IGrainFactory FactoryOf(string silo);

    /// <summary>Ends when nothing is left to do but what waits for time or for the probe.</summary>
    Task SettleAsync();

    /// <summary>Lets time pass, settling before and after everything that is due on the way.</summary>
    Task AdvanceAsync(TimeSpan time);

    /// <summary>Lets time pass for calls that wait for an answer, and for a stop that waits for grains: on Orleans these go by the real clock.</summary>
    Task WaitAsync(TimeSpan time);

    /// <summary>Starts a silo, again if it ran before.</summary>
    Task StartSiloAsync(string silo);

    /// <summary>Stops a silo gracefully.</summary>
    Task StopSiloAsync(string silo);

    /// <summary>Ends a silo as if its process had died.</summary>
    Task KillSiloAsync(string silo);
}

/// <summary>The cluster that a test asks for. Its silos are named Silo_0, Silo_1, …</summary>
public sealed record ClusterShape
{
    public int Silos { get; init; } = 1;

    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan CollectionAge { get; init; } = TimeSpan.FromMinutes(15);

    public int MailboxLimit { get; init; } = 10_000;

    /// <summary>The silos that carry the metadata leader = true.</summary>
    public IReadOnlyList<string> Leaders { get; init; } = [];

    /// <summary>More services for each silo.</summary>
    public Action<IServiceCollection> Services { get; init; } = static _ => { };
}
