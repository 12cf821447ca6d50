using System.Reflection;
using Orleans;

namespace Kimura.Embedded.Hosting;

/// <summary>What makes a silo.</summary>
public sealed class EmbeddedSiloOptions
{
    /// <summary>The silo's name, unique among the cluster's running silos. Default "Silo_0".</summary>
    public string Name { get; set; } = "Silo_0";

    /// <summary>What the silo says of itself to placement filters.</summary>
    public IDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    /// <summary>The grain classes that the silo can hold.</summary>
    public ISet<Type> GrainClasses { get; } = new HashSet<Type>();

    /// <summary>An unused activation ends after this time. Default 15 min.</summary>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long an activation may take to deactivate, and the silo to stop. Default 30 s.</summary>
    public TimeSpan DeactivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Calls waiting or in progress at one activation; more are refused. Default 50,000.</summary>
    public int MailboxLimit { get; set; } = 50_000;

    /// <summary>Activations on the silo; calls that need more are refused. Default 100,000.</summary>
    public int ActivationLimit { get; set; } = 100_000;

    /// <summary>Activations of a stateless worker that names no number. Default: the processors of the machine.</summary>
    public int DefaultStatelessWorkers { get; set; } = Environment.ProcessorCount;

    /// <summary>Turns that an activation runs before it gives way to others. Default 16.</summary>
    public int TurnsPerSlice { get; set; } = 16;

    /// <summary>Adds all grain classes of an assembly.</summary>
    public EmbeddedSiloOptions AddGrains(Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        GrainClasses.UnionWith(assembly.GetTypes().Where(static type =>
            type is { IsClass: true, IsAbstract: false, ContainsGenericParameters: false }
            && type.IsAssignableTo(typeof(IGrainBase)) && type.IsAssignableTo(typeof(IGrain))));
        return this;
    }

    internal void Validate()
    {
        OptionRules.Require(!string.IsNullOrWhiteSpace(Name), nameof(Name), "not be empty");
        OptionRules.Require(CollectionAge > TimeSpan.Zero, nameof(CollectionAge), "be positive");
        OptionRules.Require(DeactivationTimeout > TimeSpan.Zero, nameof(DeactivationTimeout), "be positive");
        OptionRules.Require(MailboxLimit > 0, nameof(MailboxLimit), "be positive");
        OptionRules.Require(ActivationLimit > 0, nameof(ActivationLimit), "be positive");
        OptionRules.Require(DefaultStatelessWorkers > 0, nameof(DefaultStatelessWorkers), "be positive");
        OptionRules.Require(TurnsPerSlice > 0, nameof(TurnsPerSlice), "be positive");
    }
}
