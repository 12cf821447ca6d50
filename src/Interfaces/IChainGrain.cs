using Orleans;

namespace Kimura.Interfaces;

/// <summary>A silo's own chain: key is the silo's name. Verifies blocks that come from elsewhere and stores them.</summary>
[Alias("kimura.IChainGrain")]
public interface IChainGrain : IGrainWithStringKey
{
    /// <summary>Verifies a block with all its messages and, if it is the next one, stores it before answering.</summary>
    [Alias("Accept")]
    Task<BlockVerdict> AcceptAsync(IncomingBlock block);
}

/// <summary>A block encoding and its message encodings, in block order, one after the other.</summary>
[GenerateSerializer, Immutable, Alias("kimura.IncomingBlock")]
public sealed record IncomingBlock([property: Id(0)] ReadOnlyMemory<byte> Encoding, [property: Id(1)] ReadOnlyMemory<byte> Messages);

/// <summary>The protocol's name of a verdict (section 3), and for <c>bad_message</c> and <c>bad_nonce</c> the index; -1 otherwise.</summary>
[GenerateSerializer, Immutable, Alias("kimura.BlockVerdict")]
public sealed record BlockVerdict([property: Id(0)] string Verdict, [property: Id(1)] int Index = -1);
