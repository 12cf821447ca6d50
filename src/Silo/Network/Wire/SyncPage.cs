using Kimura.Chain.Merkle;
using Kimura.Chain.Messages;
using Kimura.Libp2p.Encodings;

namespace Kimura.Silo.Network.Wire;

/// <summary>
/// An answer of <c>/kimura/sync/1.0.0</c>. An item is a block or a part of it: with <see cref="SyncItem.FirstIndex"/> 0 the beginning of its
/// encoding, otherwise entries from there on; and the encodings of these entries' messages, one after the other, where they were asked for.
/// </summary>
internal sealed record SyncPage(IReadOnlyList<SyncItem> Items, ulong NextHeight, int NextIndex)
{
    /// <summary>Null where the bytes are no page, or have more items than <paramref name="maxItems"/>.</summary>
    public static SyncPage? Decode(ReadOnlySpan<byte> bytes, int maxItems)
    {
        var items = new List<SyncItem>();
        ulong height = 0, index = 0;
        var reader = new ProtoReader(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1 when reader.IsBytes(1) && items.Count < maxItems && SyncItem.Decode(reader.Bytes) is { } item: items.Add(item); break;
                case 2 when reader.IsNumber(2): height = reader.Number; break;
                case 3 when reader.IsNumber(3): index = reader.Number; break;
                case <= 3: return null;
                default: break;
            }
        }

        return reader.Failed || index > int.MaxValue ? null : new SyncPage(items, height, (int)index);
    }
}

/// <summary>A block, a part of one, or messages alone.</summary>
internal sealed record SyncItem(ReadOnlyMemory<byte> Block, ReadOnlyMemory<byte> Messages, int MessageCount, int FirstIndex)
{
    public static SyncItem? Decode(ReadOnlySpan<byte> bytes)
    {
        byte[] block = [];
        var count = 0;
        var size = 0;
        ulong index = 0;
        var reader = new ProtoReader(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1 when reader.IsBytes(1): block = reader.Bytes.ToArray(); break;
                case 2 when reader.IsBytes(2) && reader.Bytes.Length >= Message.HeaderSize:
                    count++;
                    size += reader.Bytes.Length;
                    break;
                case 3 when reader.IsNumber(3): index = reader.Number; break;
                case <= 3: return null;
                default: break;
            }
        }

        return reader.Failed || index > int.MaxValue ? null : new SyncItem(block, Join(bytes, size), count, (int)index);
    }

    private static byte[] Join(ReadOnlySpan<byte> item, int size)
    {
        var joined = new byte[size];
        var at = 0;
        var reader = new ProtoReader(item);
        while (reader.Next())
        {
            if (reader.IsBytes(2))
            {
                reader.Bytes.CopyTo(joined.AsSpan(at));
                at += reader.Bytes.Length;
            }
        }

        return joined;
    }
}

/// <summary>Writes a page up to its size, which one message alone never exceeds.</summary>
internal sealed class SyncPageWriter
{
    private readonly ProtoWriter _page = new();

    /// <summary>What still fits.</summary>
    public int Room => WireFormat.PageSize - _page.Length;

    public bool IsEmpty => _page.Length == 0;

    public void Add(ProtoWriter item) => _page.Message(1, item);

    public byte[] Finish(ulong nextHeight, int nextIndex) => _page.Number(2, nextHeight).Number(3, (ulong)nextIndex).ToArray();

    /// <summary>Bytes that an entry and its message take in an item, at most.</summary>
    public static int CostOf(int messageSize) => MerkleTree.EntrySize + messageSize + 8;
}
