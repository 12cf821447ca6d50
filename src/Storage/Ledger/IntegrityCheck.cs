using System.Buffers.Binary;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Chain.Verification;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger.Mending;
using Microsoft.Extensions.Logging;

namespace Kimura.Storage.Ledger;

/// <summary>How much of the chain is checked at the start (protocol section 5).</summary>
public enum VerifyMode
{
    /// <summary>Not chosen.</summary>
    Unspecified = 0,

    /// <summary>Only the end, which opening checks.</summary>
    Tip,

    /// <summary>Presence, heights, links and list roots of all blocks, and producer signatures not covered by an earlier check.</summary>
    Headers,

    /// <summary>Every signature and every message again.</summary>
    Full,
}

/// <summary>Walks the chain from genesis to the tip and names the first block that fails.</summary>
public sealed partial class IntegrityCheck(
    IKeyValueStore store, ChainStore chain, ProducerSchedule producers, IWorkers workers, ILogger logger)
{
    /// <summary>Mismatches that one check has mended, before it takes the database for one that is not worth it.</summary>
    public const int MaxMended = 256;

    private const int BatchBlocks = 256;
    private const ulong ProgressEvery = 50_000;
    private const string Remedy = "the database is damaged, restore it from a backup";

    // Messages above the height of complete bodies that were not fetched.
    private long _skipped;

    /// <summary>
    /// Checks as far as <paramref name="mode"/> says, and remembers on disk what was covered. A mismatch that the chain's mender can mend is mended,
    /// and the check begins anew.
    /// </summary>
    /// <exception cref="StorageException">Corrupt: one line that names the height and what differs.</exception>
    public async Task RunAsync(VerifyMode mode, CancellationToken cancellationToken = default)
    {
        Damage? last = null;
        for (var mended = 0; mode != VerifyMode.Tip; mended++)
        {
            try
            {
                await CheckAsync(mode, cancellationToken);
                return;
            }
            catch (StorageException damage) when (damage is { Damage: not null, InFiles: false } && chain.Mender is not null && mended < MaxMended)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (damage.Damage == last || !await chain.Mender.MendAsync(damage.Damage, damage))
                {
                    throw;
                }

                last = damage.Damage;
            }
        }
    }

    private async Task CheckAsync(VerifyMode mode, CancellationToken cancellationToken)
    {
        _skipped = 0;
        var covered = mode == VerifyMode.Full ? default : await ReadCoveredAsync();
        if (covered.Height == 0 || !await TryWalkCoveredAsync(mode, covered, cancellationToken))
        {
            await WalkAsync(mode, default, cancellationToken);
        }

        if (_skipped > 0)
        {
            LogSkipped(logger, _skipped, chain.BodiesHeight ?? chain.Tip.Height);
        }

        LogVerified(logger, chain.Tip.Height + 1);
    }

    // Where it fails, a walk that verifies every signature again names the first block that does.
    private async Task<bool> TryWalkCoveredAsync(VerifyMode mode, Covered covered, CancellationToken cancellationToken)
    {
        try
        {
            return await WalkAsync(mode, covered, cancellationToken);
        }
        catch (StorageException exception) when (exception is { Fault: StorageFault.Corrupt or StorageFault.Refused, InFiles: false })
        {
            return false;
        }
    }

    // False where some byte at or below the covered height is not what it was.
    private async Task<bool> WalkAsync(VerifyMode mode, Covered covered, CancellationToken cancellationToken)
    {
        var tip = chain.Tip;
        Block? previous = null;
        var digest = new EncodingDigest();
        var nonces = new Dictionary<PublicKey, ulong>();
        var batch = new List<Block>(BatchBlocks);
        await foreach (var (key, value) in store.IterateAsync(Family.Blocks, LedgerKeys.BlockPrefix, default))
        {
            var block = await DecodeAsync(key, value, batch.Count > 0 ? batch[^1] : previous, batch);
            if (previous is null)
            {
                previous = block;
                continue;
            }

            digest.Add(block);
            if (block.Height == covered.Height && digest.Current() != covered.Digest)
            {
                return false;
            }

            batch.Add(block);
            if (batch.Count == BatchBlocks || block.Height == tip.Height)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await CheckSignaturesAsync(batch, covered.Height);
                await CheckMessagesAsync(mode, batch, nonces);
                previous = batch[^1];
                batch.Clear();
                ReportProgress(previous.Height, tip.Height);
            }
        }

        await CheckSignaturesAsync(batch, covered.Height);
        var last = batch.Count > 0 ? batch[^1] : previous;
        if (last?.Height != tip.Height)
        {
            throw Corrupt(last is null ? 0 : last.Height + 1, "is missing");
        }

        await CheckCountersAsync(mode, nonces);
        await RememberAsync(new Covered(tip.Height, digest.Current()));
        return true;
    }

    private async Task<Block> DecodeAsync(byte[] key, byte[] value, Block? below, List<Block> batch)
    {
        try
        {
            return below is null ? CheckGenesis(key, value) : CheckLink(key, value, below, chain.Tip);
        }
        catch (StorageException)
        {
            // A block whose hash has changed shows in the link of the one above: whose own signature does not fit is named first.
            await CheckSignaturesAsync(batch, 0);
            throw;
        }
    }

    private Block CheckGenesis(byte[] key, byte[] value)
    {
        if (HeightOf(key) != 0)
        {
            throw Corrupt(0, "is missing");
        }

        var genesis = chain.Parameters.Genesis;
        return value.AsSpan().SequenceEqual(genesis.Encoding.Span) ? genesis : throw Corrupt(0, "is not this chain's genesis");
    }

    private static Block CheckLink(byte[] key, byte[] value, Block below, Block tip)
    {
        var height = HeightOf(key);
        if (height > tip.Height)
        {
            throw Corrupt(height, $"is stored above the last height, {tip.Height}", damage: null);
        }

        if (height != below.Height + 1)
        {
            throw Corrupt(below.Height + 1, "is missing");
        }

        var block = ChainStore.Decode(value, height)!;
        if (block.Header.PrevHash != below.Hash)
        {
            throw Corrupt(height, $"links to {block.Header.PrevHash}, block {below.Height} hashes to {below.Hash}");
        }

        return block.Header.Timestamp > below.Header.Timestamp ? block : throw Corrupt(height, "is not later than the block before");
    }

    private async Task CheckSignaturesAsync(List<Block> batch, ulong covered)
    {
        var verdicts = new Verdict[batch.Count];
        await workers.RunAsync(batch.Count, (from, to) =>
        {
            for (var i = from; i < to; i++)
            {
                var block = batch[i];
                verdicts[i] = block.Height > covered
                    ? BlockVerifier.CheckSelf(block, producers)
                    : MerkleTree.ComputeRoot(block.Entries) == block.Header.MessageRoot ? Verdict.Ok : Verdict.BadRoot;
            }
        });
        var failed = Array.FindIndex(verdicts, verdict => verdict != Verdict.Ok);
        if (failed >= 0)
        {
            RefuseOther(batch[failed], verdicts[failed]);
            throw Corrupt(batch[failed].Height, verdicts[failed] switch
            {
                Verdict.BadRoot => "its list of messages does not lead to its message_root",
                Verdict.BadProducer => OtherProducer(batch[failed]),
                _ => $"its producer's signature does not fit its hash {batch[failed].Hash}",
            });
        }
    }

    // Rightly signed by somebody else: this is another leader's chain, or the key that was given is wrong. No peer can mend that.
    private void RefuseOther(Block block, Verdict verdict)
    {
        if (verdict == Verdict.BadProducer && block.Header.HasValidSignature(block.Hash))
        {
            throw new StorageException(StorageFault.Refused, $"block {block.Height} {OtherProducer(block)}: give the key that it was made with, or use another --db-path");
        }
    }

    private string OtherProducer(Block block) => $"was made by {block.Header.Producer}, not by the leader key {producers.KeyAt(block.Height)}";

    private async Task<Covered> ReadCoveredAsync()
    {
        var height = await store.GetAsync(Family.Metadata, LedgerKeys.VerifiedHeight);
        var digest = await store.GetAsync(Family.Metadata, LedgerKeys.VerifiedDigest);
        return height is { Length: 8 } && digest is { Length: Hash32.Size }
            && BinaryPrimitives.ReadUInt64BigEndian(height) is var covered && covered <= chain.Tip.Height
            ? new Covered(covered, new Hash32(digest))
            : default;
    }

    private async Task RememberAsync(Covered covered)
    {
        var batch = new WriteBatch();
        batch.Put(Family.Metadata, LedgerKeys.VerifiedHeight, LedgerKeys.BigEndian(covered.Height));
        batch.Put(Family.Metadata, LedgerKeys.VerifiedDigest, covered.Digest.ToArray());
        await store.CommitAsync(batch, sync: false);
    }

    private void ReportProgress(ulong height, ulong last)
    {
        if (height % ProgressEvery < BatchBlocks && height >= ProgressEvery && height < last)
        {
            LogProgress(logger, height, last);
        }
    }

    private static ulong HeightOf(byte[] key) => key.Length == LedgerKeys.BlockPrefix.Length + 8
        ? BinaryPrimitives.ReadUInt64BigEndian(key.AsSpan(LedgerKeys.BlockPrefix.Length))
        : throw new StorageException(StorageFault.Corrupt, $"a block is stored under the key {Convert.ToHexStringLower(key)}: {Remedy}");

    private static StorageException Corrupt(ulong height, string what) => Corrupt(height, what, Damage.OfBlock(height));

    private static StorageException Corrupt(ulong height, string what, Damage? damage) =>
        new(StorageFault.Corrupt, $"block {height} {what}: {Remedy}") { Damage = damage };

    // What an earlier complete check covered: height 0 is nothing.
    private readonly record struct Covered(ulong Height, Hash32 Digest);
}
