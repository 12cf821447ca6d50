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

        var (check, bodies) = await CheckBodiesAsync(block, incoming.Messages);
        if (check.Verdict != Verdict.Ok)
        {
            return check;
        }

        return await chain.CommitFollowedAsync(block, bodies) == CommitOutcome.Committed ? check : new BodyCheck(Verdict.Duplicate, -1);
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

    private async Task<(BodyCheck Check, IReadOnlyList<Message> Bodies)> CheckBodiesAsync(Block block, ReadOnlyMemory<byte> encodings)
    {
        var bodies = new Message[block.Count];
        for (var i = 0; i < bodies.Length; i++)
        {
            if (!Message.TryReadFirst(encodings, ChainParameters.ContentLimit, out bodies[i]))
            {
                return (new BodyCheck(Verdict.BadMessage, i, WrongDelivery: true), bodies);
            }

            encodings = encodings[bodies[i].Encoding.Length..];
        }

        if (!encodings.IsEmpty)
        {
            return (new BodyCheck(Verdict.Malformed, -1), bodies);
        }

        var next = new Dictionary<PublicKey, ulong>();
        foreach (var sender in bodies.Select(body => body.Sender).Distinct())
        {
            next.Add(sender, await chain.GetChainNonceAsync(sender));
        }

        return (await BodyVerifier.CheckAsync(block, bodies, next, chain.Parameters, workers), bodies);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Equivocation: the leader signed {Second} at height {Height}, where {First} is stored")]
    private static partial void LogEquivocation(ILogger logger, ulong height, BlockHash second, BlockHash first);
}
