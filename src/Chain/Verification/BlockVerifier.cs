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

        return CheckHeader(block.Header, block.Hash, producers);
    }

    /// <summary>Producer and signature: all that a header says by itself. <paramref name="hash"/> is the header's.</summary>
    public static Verdict CheckHeader(in BlockHeader header, BlockHash hash, ProducerSchedule producers)
    {
        if (header.Height == 0 || header.Producer != producers.KeyAt(header.Height))
        {
            return Verdict.BadProducer;
        }

        return header.HasValidSignature(hash) ? Verdict.Ok : Verdict.BadSignature;
    }

    /// <summary>
    /// The place of a block that passed <see cref="CheckSelf(Block, ProducerSchedule)"/>: <paramref name="stored"/> is the hash kept at its
    /// height, which a block at or below the tip needs; <paramref name="now"/> the verifier's clock in milliseconds.
    /// </summary>
    /// <exception cref="ArgumentException">At or below the tip, and no stored hash: nobody is accused on missing evidence.</exception>
    public static Verdict CheckPlace(Block block, Block tip, BlockHash? stored, ulong now) =>
        CheckPlace(block.Header, block.Hash, tip, stored, now);

    /// <summary>The same for a header that passed <see cref="CheckHeader"/>.</summary>
    /// <exception cref="ArgumentException">At or below the tip, and no stored hash.</exception>
    public static Verdict CheckPlace(in BlockHeader header, BlockHash hash, Block tip, BlockHash? stored, ulong now)
    {
        if (header.Height <= tip.Height)
        {
            var kept = stored ?? throw new ArgumentException($"the hash stored at height {header.Height} is needed", nameof(stored));
            return kept == hash ? Verdict.Duplicate : Verdict.Equivocation;
        }

        if (header.Height - tip.Height > 1)
        {
            return Verdict.Gap;
        }

        if (header.PrevHash != tip.Hash)
        {
            return Verdict.BadPrevHash;
        }

        if (header.Timestamp <= tip.Header.Timestamp)
        {
            return Verdict.BadTimestamp;
        }

        return header.Timestamp > now && header.Timestamp - now > ChainParameters.FutureLimitMilliseconds
            ? Verdict.Future
            : Verdict.Ok;
    }
}
