using Orleans;

namespace Kimura.Grains;

/// <summary>The durable counter behind a fence: whoever raises it has taken over.</summary>
[GenerateSerializer, Immutable, Alias("kimura.EpochState")]
public sealed record EpochState([property: Id(0)] ulong Number)
{
    /// <summary>Before anybody led.</summary>
    public EpochState()
        : this(0)
    {
    }
}
