using System.Buffers.Binary;
using Kimura.Storage.KeyValue;
using Kimura.Tests.Simulation.Disk;
using Kimura.Tests.Simulation.Engine;
using Kimura.Tests.Simulation.Node;

namespace Kimura.Tests.Simulation.Checking;

/// <summary>The whole chain at the end, read from the disks: every answered message in exactly one block, nonces without a gap, all nodes alike.</summary>
internal sealed class FinalCheck(World world, Heights heights, Promises promises, IReadOnlyList<SimNode> nodes)
{
    private const int PlaceSize = 12;

    /// <summary>Checks all blocks up to a height.</summary>
    public void Run(ulong last)
    {
        var found = new Dictionary<byte[], (ulong Height, int Index)>(ByteKeys.Instance);
        var next = new Dictionary<byte[], ulong>(ByteKeys.Instance);
        for (ulong height = 0; height <= last; height++)
        {
            foreach (var node in nodes)
            {
                RequireSame(node, height);
            }

            var block = heights.Shown[(int)height];
            for (var index = 0; index < block.Entries.Length; index++)
            {
                Check(block, index, found, next);
            }
        }

        foreach (var promise in promises.All)
        {
            if (!found.TryGetValue(promise.Id, out var place))
            {
                throw world.Violation($"message {promise} was answered and is in no block up to {last}");
            }

            promises.Placed(promise, place.Height, place.Index);
        }
    }

    private void RequireSame(SimNode node, ulong height)
    {
        var bytes = node.Platter.Find(Family.Blocks, Heights.BlockKey(height));
        if (bytes is null || Formats.ReadBlock(bytes) is not { } block || !block.Hash.AsSpan().SequenceEqual(heights.Shown[(int)height].Hash)
            || !block.IsAlike(heights.Shown[(int)height]))
        {
            throw world.Violation($"{node.Name} does not hold the block {height} that the others hold");
        }
    }

    private void Check(BlockText block, int index, Dictionary<byte[], (ulong, int)> found, Dictionary<byte[], ulong> next)
    {
        var entry = block.Entries[index];
        var id = entry[..Formats.HashSize];
        if (!found.TryAdd(id, (block.Height, index)))
        {
            throw world.Violation($"message {Convert.ToHexStringLower(id)} is in block {block.Height} and in one below");
        }

        foreach (var node in nodes)
        {
            if (BodyOn(node, block, index, id) is not { } message)
            {
                continue;
            }

            if (!message.Hash.AsSpan().SequenceEqual(entry.AsSpan(Formats.HashSize)))
            {
                throw world.Violation($"{node.Name} holds other bytes for message {index} of block {block.Height} than the block lists");
            }

            if (node.Number > 0)
            {
                continue;
            }

            var expected = next.GetValueOrDefault(message.Sender);
            next[message.Sender] = expected + 1;
            if (message.Nonce != expected)
            {
                throw world.Violation($"message {index} of block {block.Height} has nonce {message.Nonce} where {expected} must be");
            }

            if (promises.Find(id) is { } promise && !promise.Content.AsSpan().SequenceEqual(message.Content))
            {
                throw world.Violation($"message {promise} is in block {block.Height} with another content than was answered");
            }
        }
    }

    // Null where the node is not to have it: it fetches messages when somebody asks.
    private MessageText? BodyOn(SimNode node, BlockText block, int index, byte[] id)
    {
        var value = node.Platter.Find(Family.Messages, [.. "msg:"u8, .. id]);
        if (value is { Length: PlaceSize } && !node.Configuration.WithBodies)
        {
            return null;
        }

        if (value is null || value.Length < PlaceSize || BinaryPrimitives.ReadUInt64BigEndian(value) != block.Height
            || BinaryPrimitives.ReadUInt32BigEndian(value.AsSpan(8)) != index || Formats.ReadMessage(value.AsSpan(PlaceSize)) is not { } message)
        {
            throw world.Violation($"{node.Name} does not hold message {index} of block {block.Height}");
        }

        return message;
    }
}
