namespace Kimura.Embedded.Hosting;

/// <summary>What the silos of a cluster share.</summary>
public sealed class EmbeddedClusterOptions
{
    /// <summary>Runs all turns. In production <see cref="TaskScheduler.Default"/>, the thread pool; in a simulation a seeded scheduler.</summary>
    public required TaskScheduler Scheduler { get; init; }

    /// <summary>The clock of timers, timeouts and collection.</summary>
    public required TimeProvider TimeProvider { get; init; }

    /// <summary>The cluster's name. Default "embedded".</summary>
    public string ClusterId { get; init; } = "embedded";

    /// <summary>After this a call without an answer fails with <see cref="TimeoutException"/>, at most a second late. Default 30 s.</summary>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(30);

    internal void Validate()
    {
        OptionRules.Require(Scheduler is not null, nameof(Scheduler), "be set");
        OptionRules.Require(TimeProvider is not null, nameof(TimeProvider), "be set");
        OptionRules.Require(!string.IsNullOrWhiteSpace(ClusterId), nameof(ClusterId), "not be empty");
        OptionRules.Require(ResponseTimeout > TimeSpan.Zero, nameof(ResponseTimeout), "be positive");
    }
}
