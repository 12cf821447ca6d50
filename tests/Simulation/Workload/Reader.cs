using Kimura.Interfaces;
using Kimura.Tests.Simulation.Checking;
using Kimura.Tests.Simulation.Engine;
using Kimura.Tests.Simulation.Node;

namespace Kimura.Tests.Simulation.Workload;

/// <summary>Reads what was answered before, at any node, and holds it against that: no read goes back.</summary>
internal sealed class Reader(
    World world, SimRandom random, Calls calls, Promises promises, Heights heights, IReadOnlyList<SimNode> nodes, byte[] sender, IReadOnlyList<Promise> own)
{
    public async Task ReadAsync()
    {
        var node = random.Pick(nodes);
        var kind = random.Next(4);
        if (kind == 0)
        {
            await ReadNonceAsync(node);
        }
        else if (promises.All.Count > 0)
        {
            var promise = kind == 1 && own.Count > 0 ? own[^1] : random.Pick(promises.All);
            await (kind == 3 ? ReadProofAsync(node, promise) : ReadMessageAsync(node, promise));
        }
    }

    private async Task ReadNonceAsync(SimNode node)
    {
        var known = (ulong)own.Count;
        if (await calls.CallAsync(node, async grains => await grains.GetGrain<IChainReader>(0).GetNonceAsync(sender)) is { IsUnreachable: false } answer && answer.Nonce < known)
        {
            throw world.Violation($"{node.Name} says that {answer.Nonce} is a sender's next nonce, where {known} messages of it were answered");
        }
    }

    private async Task ReadMessageAsync(SimNode node, Promise promise)
    {
        if (await calls.CallAsync(node, async grains => await grains.GetGrain<IChainReader>(0).GetMessageAsync(promise.Id)) is not { IsUnreachable: false } answer)
        {
            return;
        }

        if (answer.Record is not { } record || Formats.ReadMessage(record.Encoding.Span) is not { } message)
        {
            throw world.Violation($"{node.Name} does not know message {promise}, which was answered before");
        }

        if (!message.Content.AsSpan().SequenceEqual(promise.Content) || message.Nonce != promise.Nonce || !message.Sender.AsSpan().SequenceEqual(promise.Sender))
        {
            throw world.Violation($"{node.Name} gives other bytes for message {promise} than were answered");
        }

        if (record.IsConfirmed)
        {
            promises.Placed(promise, record.Height, record.Index);
        }
    }

    private async Task ReadProofAsync(SimNode node, Promise promise)
    {
        if (await calls.CallAsync(node, async grains => await grains.GetGrain<IChainReader>(0).GetProofAsync(promise.Id)) is not { IsPending: false } proof)
        {
            return;
        }

        var header = Formats.ReadHeader(proof.Header.Span);
        byte[] entry = [.. promise.Id, .. proof.MessageHash.Span];
        var root = Formats.RootOf(Formats.Leaf(entry), proof.Index, proof.Count, proof.Path.Span);
        if (root is null || !root.AsSpan().SequenceEqual(header.Root))
        {
            throw world.Violation($"{node.Name} proves message {promise} with a path that does not lead to the root of block {header.Height}");
        }

        if (header.Height >= (ulong)heights.Shown.Count || !header.Hash.AsSpan().SequenceEqual(heights.Shown[(int)header.Height].Hash))
        {
            throw world.Violation($"{node.Name} proves message {promise} with a header of block {header.Height} that nobody has shown");
        }

        promises.Placed(promise, header.Height, proof.Index);
    }
}
