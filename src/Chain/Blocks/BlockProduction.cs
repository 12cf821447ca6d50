using Kimura.Chain.Merkle;

namespace Kimura.Chain.Blocks;

/// <summary>Makes the next block of a chain.</summary>
public static class BlockProduction
{
    /// <summary>How far a producer's clock may be behind its own last block, in milliseconds, before it waits.</summary>
    public const ulong ClockLagLimitMilliseconds = 5_000;

    /// <summary>True if the clock is so far behind the last block, or the messages to take, that a producer must wait.</summary>
    public static bool MustWait(in BlockHeader last, ulong latestMessage, ulong now)
    {
        var latest = Math.Max(last.Timestamp, latestMessage);
        return latest > now && latest - now > ClockLagLimitMilliseconds;
    }

    /// <summary>
    /// The signed block on top of <paramref name="last"/> with these entries (64 bytes each: id ++ message hash). Its timestamp is the
    /// clock's, but above the last block's and not below <paramref name="latestMessage"/>.
    /// </summary>
    public static Block Produce(Block last, ReadOnlySpan<byte> entries, ulong latestMessage, ulong now, BlockSigner signer)
    {
        var timestamp = Math.Max(Math.Max(now, latestMessage), last.Header.Timestamp + 1);
        var unsigned = new BlockHeader(
            last.Height + 1, timestamp, last.Hash, MerkleTree.ComputeRoot(entries), signer.PublicKey, default);
        return Block.Create(unsigned with { ProducerSignature = signer.Sign(unsigned.ComputeHash()) }, entries);
    }
}
