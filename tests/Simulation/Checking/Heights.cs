using Kimura.Chain.Blocks;
using Kimura.Cryptography;
using Kimura.Storage.KeyValue;
using Kimura.Tests.Simulation.Engine;
using Kimura.Tests.Simulation.Node;

namespace Kimura.Tests.Simulation.Checking;

/// <summary>
/// What every node shows at every height, looked at whenever a node's tip has changed: one block a height for ever, signed by the leader, on disk,
/// linked and rooted; and no node's chain ever gets shorter.
/// </summary>
internal sealed class Heights(World world, byte[] leaderKey)
{
    private readonly List<BlockText> _shown = [];
    private readonly Dictionary<SimNode, (Block? Tip, ulong Height)> _tips = [];

    /// <summary>The blocks that were ever shown, by height.</summary>
    public IReadOnlyList<BlockText> Shown => _shown;

    public void Look(SimNode node)
    {
        if (node.Running?.Chain is not { } chain)
        {
            return;
        }

        var (seen, height) = _tips.GetValueOrDefault(node);
        var tip = chain.Tip;
        if (ReferenceEquals(tip, seen))
        {
            return;
        }

        if (tip.Height < height)
        {
            throw world.Violation($"{node.Name} shows height {tip.Height} after it has shown {height}");
        }

        for (var next = seen is null ? 0 : height + 1; next <= tip.Height; next++)
        {
            Look(node, next);
        }

        if (!tip.Encoding.Span.SequenceEqual(node.Platter.Find(Family.Blocks, BlockKey(tip.Height))))
        {
            throw world.Violation($"{node.Name} shows a block {tip.Height} that is not the one on its disk");
        }

        _tips[node] = (tip, tip.Height);
        world.Audit.Note(Kinds.Tip, tip.Height, _shown[(int)tip.Height].Hash);
    }

    /// <summary>A new process: it must show at least what the one before did, and the same.</summary>
    public void Restarted(SimNode node) => _tips[node] = (null, _tips.GetValueOrDefault(node).Height);

    /// <summary>Its disk was emptied.</summary>
    public void Wiped(SimNode node) => _tips.Remove(node);

    /// <summary>Looks at all that a node writes: evidence of a second block, and blocks of others that differ from what was shown.</summary>
    public void Applied(SimNode node, WriteBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            var operation = batch[i];
            if (operation.Family == Family.Metadata && operation.Key.StartsWith("equivocation:"u8))
            {
                throw world.Violation($"{node.Name} holds evidence that the leader signed two blocks at one height");
            }

            if (operation.Family == Family.Blocks && !operation.IsDelete && !node.Configuration.IsLeader && Formats.ReadBlock(operation.Value.ToArray()) is { } block)
            {
                RequireShown(node, block, "stores");
            }
        }
    }

    public static byte[] BlockKey(ulong height) => [.. "block:"u8, .. Formats.BigEndian(height)];

    private void Look(SimNode node, ulong height)
    {
        var block = node.Platter.Find(Family.Blocks, BlockKey(height)) is { } bytes ? Formats.ReadBlock(bytes) : null;
        if (block is null || block.Height != height)
        {
            throw world.Violation($"{node.Name} shows height {height}, but has no such block on disk");
        }

        if (height < (ulong)_shown.Count)
        {
            RequireShown(node, block, "shows");
            return;
        }

        var fault = height == 0 ? null
            : !block.Previous.AsSpan().SequenceEqual(_shown[^1].Hash) ? "does not link to the block below it"
            : block.Timestamp <= _shown[^1].Timestamp ? "is not later than the block below it"
            : !block.Producer.AsSpan().SequenceEqual(leaderKey) || !Secp256k1.Verify(leaderKey, block.Hash, block.Signature) ? "is not signed by the leader"
            : !Formats.Root(block.Entries).AsSpan().SequenceEqual(block.Root) ? "lists messages that do not lead to its root"
            : null;
        if (fault is not null)
        {
            throw world.Violation($"block {height}, shown by {node.Name}, {fault}");
        }

        _shown.Add(block);
    }

    private void RequireShown(SimNode node, BlockText block, string how)
    {
        if (block.Height >= (ulong)_shown.Count)
        {
            return;
        }

        var shown = _shown[(int)block.Height];
        if (!shown.Hash.AsSpan().SequenceEqual(block.Hash))
        {
            throw world.Violation($"{node.Name} {how} a second block {block.Height}, signed by the leader: {Convert.ToHexStringLower(block.Hash)}");
        }

        if (!shown.IsAlike(block))
        {
            throw world.Violation($"{node.Name} {how} block {block.Height} with another list than it has");
        }
    }
}
