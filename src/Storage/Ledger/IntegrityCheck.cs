using System.Buffers.Binary;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Storage.KeyValue;
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
    private const int BatchBlocks = 256;
    private const ulong ProgressEvery = 50_000;

    /// <summary>Checks as far as <paramref name="mode"/> says, and remembers on disk what was covered.</summary>
    /// <exception cref="StorageException">Corrupt: one line that names the height and what differs.</exception>
    public async Task RunAsync(VerifyMode mode, CancellationToken cancellationToken = default)
    {
        if (mode == VerifyMode.Tip)
        {
            return;
        }

        var covered = mode == VerifyMode.Full ? default : await ReadCoveredAsync();
        if (!await WalkAsync(mode, covered, cancellationToken))
        {
            // Some byte below the covered height is not what it was: verifying every signature again names the block.
            await WalkAsync(mode, default, cancellationToken);
        }

        LogVerified(logger, chain.Tip.Height + 1);
    }

    private async Task<bool> WalkAsync(VerifyMode mode, Covered covered, CancellationToken cancellationToken)
    {
        var tip = chain.Tip;
        var previous = chain.Parameters.Genesis;
        var digest = new EncodingDigest();
        var nonces = new Dictionary<PublicKey, ulong>();
        var batch = new List<Block>(BatchBlocks);
        await foreach (var (key, value) in store.IterateAsync(Family.Blocks, LedgerKeys.BlockPrefix, default))
        {
            var below = batch.Count > 0 ? batch[^1] : previous;
            var block = await DecodeAsync(key, value, tip, below, batch);
            if (block.Height == 0)
            {
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

        if (previous.Height != tip.Height)
        {
            throw Corrupt(previous.Height + (ulong)batch.Count + 1, "is missing");
        }

        await RememberAsync(new Covered(tip.Height, digest.Current()));
        return true;
    }

    private async Task<Block> DecodeAsync(byte[] key, byte[] value, Block tip, Block below, List<Block> batch)
    {
        try
        {
            return CheckLink(key, value, below, tip);
        }
        catch (StorageException)
        {
            // A block whose hash has changed shows in the link of the one above: whose own signature does not fit is named first.
            await CheckSignaturesAsync(batch.Count > 0 || below.Height == 0 ? batch : [below], 0);
            throw;
        }
    }

    private static Block CheckLink(byte[] key, byte[] value, Block below, Block tip)
    {
        var height = key.Length == LedgerKeys.BlockPrefix.Length + 8
            ? BinaryPrimitives.ReadUInt64BigEndian(key.AsSpan(LedgerKeys.BlockPrefix.Length))
            : throw new StorageException(StorageFault.Corrupt, $"the database holds a block under the key {Convert.ToHexStringLower(key)}");
        if (height > tip.Height)
        {
            throw Corrupt(height, $"is stored above the last height, {tip.Height}");
        }

        var block = ChainStore.Decode(value, height)!;
        if (height == 0)
        {
            return block.Encoding.Span.SequenceEqual(below.Encoding.Span) ? block : throw Corrupt(0, "is not this chain's genesis");
        }

        if (height != below.Height + 1)
        {
            throw Corrupt(below.Height + 1, "is missing");
        }

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
            throw Corrupt(batch[failed].Height, verdicts[failed] switch
            {
                Verdict.BadRoot => "its list of messages does not lead to its message_root",
                Verdict.BadProducer => $"was made by {batch[failed].Header.Producer}, not by the leader key {producers.KeyAt(batch[failed].Height)}",
                _ => $"its producer's signature does not fit its hash {batch[failed].Hash}",
            });
        }
    }

    private async Task CheckMessagesAsync(VerifyMode mode, List<Block> batch, Dictionary<PublicKey, ulong> nonces)
    {
        if (mode != VerifyMode.Full)
        {
            return;
        }

        foreach (var block in batch)
        {
            var bodies = new Message[block.Count];
            for (var i = 0; i < bodies.Length; i++)
            {
                var stored = await chain.GetMessageAsync(block.IdAt(i));
                bodies[i] = stored is { } message && message.Height == block.Height && message.Index == i
                    ? message.Message
                    : throw Corrupt(block.Height, $"its message {i} ({block.IdAt(i)}) is missing");
            }

            var checks = new System.Collections.Concurrent.ConcurrentBag<BodyCheck>();
            await workers.RunAsync(bodies.Length, (from, to) => checks.Add(BodyVerifier.CheckBodies(block, bodies, from, to, chain.Parameters)));
            checks.Add(BodyVerifier.CheckNonces(bodies, nonces));
            if (checks.Where(check => check.Verdict != Verdict.Ok).OrderBy(check => check.Index).Cast<BodyCheck?>().FirstOrDefault() is { } bad)
            {
                throw Corrupt(block.Height, $"its message {bad.Index} is not valid ({bad.Verdict.ToProtocolName()})");
            }
        }
    }

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

    private static StorageException Corrupt(ulong height, string what) =>
        new(StorageFault.Corrupt, $"block {height} {what}: the database is damaged, restore it from a backup");

    // What an earlier complete check covered: height 0 is nothing.
    private readonly record struct Covered(ulong Height, Hash32 Digest);
}
