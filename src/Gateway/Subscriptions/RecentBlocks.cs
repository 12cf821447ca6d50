using System.Collections.Immutable;
using Kimura.Gateway.Methods;
using Kimura.Gateway.Results;

namespace Kimura.Gateway.Subscriptions;

/// <summary>
/// Reads blocks for subscriptions. Those who follow the tip all want the same few blocks at the same moment, so each of these is read
/// and written as JSON once; what is older, or large, is read for each on its own and in parts.
/// </summary>
internal sealed class RecentBlocks(NodeAccess node)
{
    /// <summary>The most messages of a block that is written once for all.</summary>
    public const int MaxMessages = 2000;

    private const int MaxBytes = 2 << 20;
    private const int Kept = 8;

    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, Task<FeedBlock>> _blocks = [];
    private readonly Dictionary<ulong, Task<ImmutableArray<FeedMessage>?>> _messages = [];

    /// <summary>A block that is there, given the tip's height.</summary>
    public Task<FeedBlock> GetAsync(ulong height, ulong tip) => GetAsync(_blocks, height, tip, ReadAsync);

    /// <summary>Its messages, or null if they are to be read one by one.</summary>
    public Task<ImmutableArray<FeedMessage>?> GetMessagesAsync(FeedBlock block, ulong tip) =>
        GetAsync(_messages, block.View.Height, tip, _ => ReadMessagesAsync(block.View));

    /// <summary>One message of a block, read on its own.</summary>
    public async ValueTask<FeedMessage> GetMessageAsync(BlockView block, int index)
    {
        var (record, _) = await node.ReadAsync(reader => reader.GetMessageAsync(block.IdAt(index)));
        return record is { IsConfirmed: true }
            ? FeedBlock.ReadMessage(record)
            : throw new InvalidDataException($"the node has no message {index} of block {block.Height}");
    }

    private Task<T> GetAsync<T>(Dictionary<ulong, Task<T>> kept, ulong height, ulong tip, Func<ulong, Task<T>> read)
    {
        if (tip - height >= Kept)
        {
            return read(height);
        }

        lock (_lock)
        {
            // A failure is not kept: whoever asks next tries again.
            if (kept.TryGetValue(height, out var known) && !known.IsFaulted)
            {
                return known;
            }

            foreach (var old in kept.Keys.Where(old => tip - Math.Min(old, tip) >= Kept).ToList())
            {
                kept.Remove(old);
            }

            return kept[height] = read(height);
        }
    }

    private async Task<FeedBlock> ReadAsync(ulong height)
    {
        var record = await node.GetBlockAsync(height, withMessages: false)
            ?? throw new InvalidDataException($"the node has no block {height}");
        var view = BlockView.Read(record);
        return view.Count <= MaxMessages ? await FeedBlock.CreateAsync(view) : new FeedBlock(view, default);
    }

    private async Task<ImmutableArray<FeedMessage>?> ReadMessagesAsync(BlockView view)
    {
        if (view.Count > MaxMessages)
        {
            return null;
        }

        var record = await node.GetBlockAsync(view.Height, withMessages: true);
        var encodings = record?.Messages ?? default;
        return encodings.Length <= MaxBytes ? FeedBlock.ReadMessages(view, encodings) : null;
    }
}
