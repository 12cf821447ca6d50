using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;

namespace Kimura.Chain.Verification;

/// <summary>The checks of a block in the protocol's order (section 3): what it is by itself, then its place; bodies come after.</summary>
public static class BlockVerifier
{
    /// <summary>Shape and limits, list against root, producer, signature. <see cref="Verdict.Ok"/> gives the block.</summary>
    public static Verdict CheckSelf(ReadOnlyMemory<byte> bytes, ChainParameters parameters, ProducerSchedule producers, out Block? block)
    {
        switch (Block.TryDecode(bytes, parameters.MaxMessages, out block))
        {
            case BlockShape.WellFormed:
                break;
            case BlockShape.TooLarge:
                return Verdict.TooLarge;
            default:
                return Verdict.Malformed;
        }

        var verdict = CheckSelf(block!, producers);
        block = verdict == Verdict.Ok ? block : null;
        return verdict;
    }

    /// <summary>The same for a block already decoded.</summary>
    public static Verdict CheckSelf(Block block, ProducerSchedule producers)
    {
        if (MerkleTree.ComputeRoot(block.Entries) != block.Header.MessageRoot)
        {
            return Verdict.BadRoot;
        }

        if (block.Height == 0 || block.Header.Producer != producers.KeyAt(block.Height))
        {
            return Verdict.BadProducer;
        }

        return block.Header.HasValidSignature(block.Hash) ? Verdict.Ok : Verdict.BadSignature;
    }

    /// <summary>
    /// The place of a block that passed <see cref="CheckSelf(Block, ProducerSchedule)"/>: <paramref name="stored"/> is the hash kept at its
    /// height, which a block at or below the tip needs; <paramref name="now"/> the verifier's clock in milliseconds.
    /// </summary>
    /// <exception cref="ArgumentException">At or below the tip, and no stored hash: nobody is accused on missing evidence.</exception>
    public static Verdict CheckPlace(Block block, Block tip, BlockHash? stored, ulong now)
    {
        if (block.Height <= tip.Height)
        {
            var kept = stored ?? throw new ArgumentException($"the hash stored at height {block.Height} is needed", nameof(stored));
            return kept == block.Hash ? Verdict.Duplicate : Verdict.Equivocation;
        }

        if (block.Height - tip.Height > 1)
        {
            return Verdict.Gap;
        }

        if (block.Header.PrevHash != tip.Hash)
        {
            return Verdict.BadPrevHash;
        }

        if (block.Header.Timestamp <= tip.Header.Timestamp)
        {
            return Verdict.BadTimestamp;
        }

        return block.Header.Timestamp > now && block.Header.Timestamp - now > ChainParameters.FutureLimitMilliseconds
            ? Verdict.Future
            : Verdict.Ok;
    }
}
