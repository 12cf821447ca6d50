using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Storage.Ledger;

namespace Kimura.Grains.Following;

/// <summary>Completes stored blocks that lack messages, the lowest first (protocol section 6, <c>bodies</c>).</summary>
internal sealed class BodyCompletion(ChainStore chain, IWorkers workers)
{
    // Blocks that one call completes at most.
    private const int MaxBlocks = 256;

    /// <summary>As many messages as a block lists, and one more if there is one; what cannot be read counts as not delivered.</summary>
    public static List<Message> Read(ReadOnlyMemory<byte> encodings, int count)
    {
        var bodies = new List<Message>();
        while (bodies.Count <= count && Message.TryReadFirst(encodings, ChainParameters.ContentLimit, out var body))
        {
            bodies.Add(body);
            encodings = encodings[body.Encoding.Length..];
        }

        return bodies;
    }

    /// <summary>Verifies and stores a block's messages, and completes the blocks above it whose messages are all stored already.</summary>
    public async Task<BodyCheck> AcceptAsync(ulong height, ReadOnlyMemory<byte> messages)
    {
        if (chain.BodiesHeight is not { } complete || height <= complete)
        {
            return new BodyCheck(height <= chain.Tip.Height ? Verdict.Duplicate : Verdict.Gap, -1);
        }

        if (height != complete + 1 || await chain.GetBlockAsync(height) is not { } block)
        {
            return new BodyCheck(Verdict.Gap, -1);
        }

        var nonces = new Dictionary<PublicKey, ulong>();
        var run = new List<Delivery> { new(block, Read(messages, block.Count)) };
        var check = await CheckAsync(run[0], nonces);
        if (check.Verdict != Verdict.Ok)
        {
            return check;
        }

        while (run.Count < MaxBlocks && await FindStoredAsync(height + (ulong)run.Count) is { } next
            && (await CheckAsync(next, nonces)).Verdict == Verdict.Ok)
        {
            run.Add(next);
        }

        return await chain.CommitBodiesAsync(run) == CommitOutcome.Committed ? check : new BodyCheck(Verdict.Duplicate, -1);
    }

    private async Task<BodyCheck> CheckAsync(Delivery delivery, Dictionary<PublicKey, ulong> nonces)
    {
        foreach (var sender in delivery.Bodies!.Select(body => body.Sender))
        {
            if (!nonces.ContainsKey(sender))
            {
                nonces.Add(sender, await chain.GetChainNonceAsync(sender));
            }
        }

        return await BodyVerifier.CheckAsync(delivery.Block, delivery.Bodies!, nonces, chain.Parameters, workers);
    }

    private async Task<Delivery?> FindStoredAsync(ulong height)
    {
        if (await chain.GetBlockAsync(height) is not { } block)
        {
            return null;
        }

        var bodies = new List<Message>(block.Count);
        for (var i = 0; i < block.Count; i++)
        {
            if (await chain.GetMessageAsync(block, i) is not { HasBody: true } stored)
            {
                return null;
            }

            bodies.Add(stored.Message);
        }

        return new Delivery(block, bodies);
    }
}
