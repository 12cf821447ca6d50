using Kimura.Chain;

namespace Kimura.Grains;

/// <summary>What the grains of a silo need to know of their node; registered by the host.</summary>
public sealed record NodeOptions
{
    /// <summary>The name of the grain-storage provider that keeps the epochs.</summary>
    public const string GrainStorage = "kimura";

    /// <summary>The silo's name: the key of its own chain grain.</summary>
    public required string SiloName { get; init; }

    /// <summary>Started with the leader flag.</summary>
    public required bool IsLeader { get; init; }

    /// <summary>Whose blocks count.</summary>
    public required ProducerSchedule Producers { get; init; }

    /// <summary>Time between blocks.</summary>
    public required TimeSpan BlockInterval { get; init; }

    /// <summary>The engine's name: <c>embedded</c> or <c>orleans</c>.</summary>
    public required string Engine { get; init; }

    /// <summary>The node's version.</summary>
    public required string Version { get; init; }

    /// <summary>The most messages that may be pending; default 200,000.</summary>
    public int PendingLimit { get; init; } = 200_000;

    /// <summary>The most bytes of pending message encodings; default 256 MiB.</summary>
    public long PendingBytesLimit { get; init; } = 256L << 20;

    /// <summary>The most pending messages of one sender; default 10,000.</summary>
    public int PendingSenderLimit { get; init; } = 10_000;
}
