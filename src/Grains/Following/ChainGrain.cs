using System.Collections.Immutable;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Verification;
using Kimura.Grains.Placement;
using Kimura.Interfaces;
using Kimura.Storage.Ledger;
using Kimura.Storage.Log;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Concurrency;

namespace Kimura.Grains.Following;

/// <summary>
/// Verifies blocks of other nodes and stores them. Reentrant: the store takes one run at a time, and what another overtook while it was
/// checked is checked again beside that.
/// </summary>
[OwnSilo]
[Reentrant]
internal sealed partial class ChainGrain(
    IChainLog log, ChainStore chain, NodeOptions options, IWorkers workers, TimeProvider time, ILogger<ChainGrain> logger) : Grain, IChainGrain
{
    // Blocks of a run that are verified and written together.
    private const int ChunkBlocks = 512;

    private readonly BodyCompletion _completion = new(chain, workers);

    private ulong Now => (ulong)time.GetUtcNow().ToUnixTimeMilliseconds();

    public async Task<BlockVerdict> CheckAsync(ReadOnlyMemory<byte> encoding) => Name(new BodyCheck(await JudgeAsync(encoding), -1));

    public async Task<BlockVerdict> CheckHeaderAsync(ReadOnlyMemory<byte> header)
    {
        if (header.Length != BlockHeader.Size)
        {
            return Name(new BodyCheck(Verdict.Malformed, -1));
        }

        var read = BlockHeader.Read(header.Span);
        if (await chain.GetBlockAsync(read.Height) is { } stored && stored.Header == read)
        {
            return Name(new BodyCheck(Verdict.Duplicate, -1));
        }

        var hash = read.ComputeHash();
        var verdict = BlockVerifier.CheckHeader(read, hash, options.Producers);
        return Name(new BodyCheck(verdict == Verdict.Ok ? await PlaceAsync(read, hash) : verdict, -1));
    }

    public Task<RunVerdict> AcceptAsync(BlockRun run) => TakeAsync(run.Blocks, withBodies: true);

    public Task<RunVerdict> AcceptListsAsync(BlockRun run) => TakeAsync(run.Blocks, withBodies: false);

    public async Task<BodiesVerdict> AcceptBodiesAsync(ulong height, ReadOnlyMemory<byte> messages)
    {
        var check = await _completion.AcceptAsync(height, messages);
        return new BodiesVerdict(Name(check), chain.BodiesHeight, check.WrongDelivery);
    }

    public async Task<bool> KeepBodyAsync(ReadOnlyMemory<byte> id, ReadOnlyMemory<byte> encoding) =>
        await chain.KeepBodyAsync(new MessageId(new Hash32(id.Span)), encoding);

    private static BlockVerdict Name(BodyCheck check) => new(check.Verdict.ToProtocolName(), check.Index);

    // All that needs no bodies: first whether these very bytes are known, before anything is computed over them.
    private async Task<Verdict> JudgeAsync(ReadOnlyMemory<byte> encoding)
    {
        if (Block.TryDecode(encoding, chain.Parameters.MaxMessages, out var block) == BlockShape.WellFormed
            && await chain.GetBlockAsync(block!.Height) is { } stored && stored.Encoding.Span.SequenceEqual(encoding.Span))
        {
            return Verdict.Duplicate;
        }

        var verdict = BlockVerifier.CheckSelf(encoding, chain.Parameters, options.Producers, out block);
        return verdict == Verdict.Ok ? await PlaceAsync(block!.Header, block.Hash) : verdict;
    }

    private async Task<Verdict> PlaceAsync(BlockHeader header, BlockHash hash)
    {
        var tip = chain.Tip;
        var stored = await chain.GetBlockAsync(header.Height);
        var verdict = BlockVerifier.CheckPlace(header, hash, tip, stored?.Hash, Now);
        if (verdict == Verdict.Equivocation && await chain.KeepEquivocationAsync(header))
        {
            LogEquivocation(logger, header.Height, hash, stored!.Hash);
        }

        return verdict;
    }

    private async Task<RunVerdict> TakeAsync(ImmutableArray<IncomingBlock> blocks, bool withBodies)
    {
        var stored = 0;
        var check = BodyCheck.Ok;
        while (stored < blocks.Length && check.Verdict == Verdict.Ok)
        {
            (var taken, check) = await TakeChunkAsync(blocks, stored, withBodies);
            stored += taken;
        }

        return new RunVerdict(stored, Name(check), check.WrongDelivery);
    }

    // How many blocks from an index on are stored now, and what is wrong with the next: nothing, where it is only to be tried again.
    private async Task<(int Stored, BodyCheck Check)> TakeChunkAsync(ImmutableArray<IncomingBlock> blocks, int from, bool withBodies)
    {
        var tip = chain.Tip;
        var chunk = ReadChunk(blocks, from, tip.Height + 1, withBodies);
        if (chunk.Count == 0)
        {
            // Not the next block, and what else it is.
            var verdict = await JudgeAsync(blocks[from].Encoding);
            return verdict == Verdict.Duplicate ? (1, BodyCheck.Ok) : (0, new BodyCheck(verdict, -1));
        }

        var selves = await RunVerifier.CheckSelvesAsync(chunk, chain.Parameters, options.Producers, workers);
        var keepsNonces = withBodies && chain.BodiesHeight is null;
        var nonces = keepsNonces ? await chain.GetChainNoncesAsync(tip, chunk.SelectMany(delivery => delivery.Bodies!.Select(body => body.Sender))) : null;
        var listed = keepsNonces ? null : await chain.FindListedAsync(tip, chunk.SelectMany(delivery => IdsOf(delivery.Block)));
        if (nonces is null && listed is null)
        {
            return (0, BodyCheck.Ok);
        }

        var (good, fault) = RunVerifier.CheckSequence(chunk, selves, tip, nonces, chain.Parameters, Now);
        (good, fault) = listed is null ? (good, fault) : CheckListed(chunk, good, fault, listed);
        if (good > 0 && (chain.Pause is not null || !await log.MayFollowAsync(chunk[good - 1].Block)))
        {
            // No room for it now. Or signed, but not in the cluster's log, or not yet: it is not for this node to store it first.
            return (0, new BodyCheck(Verdict.Future, -1));
        }

        return good == 0 || await CommitAsync(chunk[..good], keepsNonces) ? (good, fault) : (0, BodyCheck.Ok);
    }

    // Blocks from an index on whose heights go on by one from the one expected; none where the first has another, or no shape at all.
    private List<Delivery> ReadChunk(ImmutableArray<IncomingBlock> blocks, int from, ulong expected, bool withBodies)
    {
        var chunk = new List<Delivery>();
        for (var i = from; i < blocks.Length && chunk.Count < ChunkBlocks; i++)
        {
            if (Block.TryDecode(blocks[i].Encoding, chain.Parameters.MaxMessages, out var block) != BlockShape.WellFormed
                || block!.Height != expected + (ulong)chunk.Count)
            {
                break;
            }

            chunk.Add(new Delivery(block, withBodies ? BodyCompletion.Read(blocks[i].Messages, block.Count) : null));
        }

        return chunk;
    }

    // Where nonces are not kept, nothing else says that an id stands in one block only.
    private static (int Good, BodyCheck Fault) CheckListed(List<Delivery> chunk, int good, BodyCheck fault, ISet<MessageId> listed)
    {
        for (var i = 0; i < good; i++)
        {
            var block = chunk[i].Block;
            for (var index = 0; index < block.Count; index++)
            {
                if (!listed.Add(block.IdAt(index)))
                {
                    return (i, new BodyCheck(Verdict.BadMessage, index));
                }
            }
        }

        return (good, fault);
    }

    private async Task<bool> CommitAsync(List<Delivery> run, bool withNonces)
    {
        var commit = await chain.CommitRunAsync(run, withNonces);
        foreach (var id in commit.Replaced)
        {
            LogReplaced(logger, id);
        }

        return commit.Outcome == CommitOutcome.Committed;
    }

    private static IEnumerable<MessageId> IdsOf(Block block) => Enumerable.Range(0, block.Count).Select(block.IdAt);
}
