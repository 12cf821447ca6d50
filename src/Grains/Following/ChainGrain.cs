using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Interfaces;
using Kimura.Storage.Ledger;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Kimura.Grains.Following;

/// <summary>Verifies blocks of other nodes and stores them, one at a time.</summary>
internal sealed partial class ChainGrain(
    ChainStore chain, NodeOptions options, IWorkers workers, TimeProvider time, ILogger<ChainGrain> logger) : Grain, IChainGrain
{
    public async Task<BlockVerdict> AcceptAsync(IncomingBlock block)
    {
        var check = await CheckAsync(block);
        return new BlockVerdict(check.Verdict.ToProtocolName(), check.Index);
    }

    private async Task<BodyCheck> CheckAsync(IncomingBlock incoming)
    {
        if (await IsKnownAsync(incoming.Encoding))
        {
            return new BodyCheck(Verdict.Duplicate, -1);
        }

        var verdict = BlockVerifier.CheckSelf(incoming.Encoding, chain.Parameters, options.Producers, out var block);
        if (verdict != Verdict.Ok)
        {
            return new BodyCheck(verdict, -1);
        }

        var tip = chain.Tip;
        var stored = await chain.GetBlockAsync(block!.Height);
        verdict = BlockVerifier.CheckPlace(block, tip, stored?.Hash, (ulong)time.GetUtcNow().ToUnixTimeMilliseconds());
        if (verdict == Verdict.Equivocation && await chain.KeepEquivocationAsync(block))
        {
            LogEquivocation(logger, block.Height, block.Hash, stored!.Hash);
        }

        if (verdict != Verdict.Ok)
        {
            return new BodyCheck(verdict, -1);
        }

        var bodies = ReadBodies(incoming.Messages, block.Count);
        var check = await BodyVerifier.CheckAsync(block, bodies, await ReadNoncesAsync(bodies), chain.Parameters, workers);
        if (check.Verdict != Verdict.Ok)
        {
            return check;
        }

        // Another block came first: what this one is beside it, the same checks say.
        return await chain.CommitFollowedAsync(block, bodies) == CommitOutcome.Committed ? check : await CheckAsync(incoming);
    }

    // These very bytes, before anything is computed over them.
    private async Task<bool> IsKnownAsync(ReadOnlyMemory<byte> encoding)
    {
        if (Block.TryDecode(encoding, chain.Parameters.MaxMessages, out var block) != BlockShape.WellFormed)
        {
            return false;
        }

        var stored = await chain.GetBlockAsync(block!.Height);
        return stored is not null && stored.Encoding.Span.SequenceEqual(encoding.Span);
    }

    // As many as the block lists, and one more if there is one; what cannot be read counts as not delivered.
    private static List<Message> ReadBodies(ReadOnlyMemory<byte> encodings, int count)
    {
        var bodies = new List<Message>();
        while (bodies.Count <= count && Message.TryReadFirst(encodings, ChainParameters.ContentLimit, out var body))
        {
            bodies.Add(body);
            encodings = encodings[body.Encoding.Length..];
        }

        return bodies;
    }

    private async Task<Dictionary<PublicKey, ulong>> ReadNoncesAsync(List<Message> bodies)
    {
        var next = new Dictionary<PublicKey, ulong>();
        foreach (var sender in bodies.Select(body => body.Sender).Distinct())
        {
            next.Add(sender, await chain.GetChainNonceAsync(sender));
        }

        return next;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Equivocation: the leader signed {Second} at height {Height}, where {First} is stored")]
    private static partial void LogEquivocation(ILogger logger, ulong height, BlockHash second, BlockHash first);
}
