using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Grains.Network;
using Kimura.Storage.Ledger;

namespace Kimura.Grains.Reading;

/// <summary>What reading a message came to.</summary>
internal enum BodyOutcome
{
    /// <summary>Not tried.</summary>
    Unspecified = 0,

    /// <summary>There is no such message.</summary>
    NotFound,

    /// <summary>It is in a block, but its body is not stored here and nobody gives the right one.</summary>
    Unreachable,

    /// <summary>Here it is.</summary>
    Found,
}

/// <summary>
/// Reads messages. One whose body was not fetched (protocol section 6, <c>bodies = on-demand</c>) is fetched now, checked against its
/// message hash and kept.
/// </summary>
internal sealed class BodyReader(ChainStore chain, IBodySource? source)
{
    // Fetches of one block that are under way at the same time.
    private const int SideBySide = 16;

    public async Task<(BodyOutcome Outcome, StoredMessage Message)> ReadAsync(MessageId id)
    {
        return await chain.GetMessageAsync(id) is { } stored ? await CompleteAsync(id, stored) : (BodyOutcome.NotFound, default);
    }

    /// <summary>A block's message encodings, one after the other; null where one cannot be fetched.</summary>
    public async Task<ReadOnlyMemory<byte>?> ReadAllAsync(Block block)
    {
        using var all = new MemoryStream();
        for (var from = 0; from < block.Count; from += SideBySide)
        {
            var page = Enumerable.Range(from, Math.Min(SideBySide, block.Count - from)).Select(i => ReadAsync(block, i));
            foreach (var (outcome, message) in await Task.WhenAll(page))
            {
                if (outcome != BodyOutcome.Found)
                {
                    return null;
                }

                all.Write(message.Message.Encoding.Span);
            }
        }

        return all.ToArray();
    }

    private async Task<(BodyOutcome Outcome, StoredMessage Message)> ReadAsync(Block block, int index) =>
        await CompleteAsync(block.IdAt(index), await chain.GetMessageAsync(block, index));

    private async Task<(BodyOutcome Outcome, StoredMessage Message)> CompleteAsync(MessageId id, StoredMessage stored)
    {
        if (stored.HasBody)
        {
            return (BodyOutcome.Found, stored);
        }

        // Read again from the store: what is answered is what was checked.
        return source is not null && await source.FetchAsync(stored.Height!.Value, stored.Index, id) is { } encoding
            && await chain.KeepBodyAsync(id, encoding) && await chain.GetMessageAsync(id) is { HasBody: true } kept
            ? (BodyOutcome.Found, kept)
            : (BodyOutcome.Unreachable, default);
    }
}
