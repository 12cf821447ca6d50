using Kimura.Chain;
using Kimura.Libp2p.Encodings;

namespace Kimura.Silo.Network.Wire;

/// <summary>A request of <c>/kimura/sync/1.0.0</c>: a range of blocks, or messages by id.</summary>
internal sealed record SyncRequest(ulong FromHeight, int FromIndex, ulong ToHeight, bool WithBodies, IReadOnlyList<MessageId> MessageIds)
{
    public static SyncRequest Blocks(ulong fromHeight, int fromIndex, ulong toHeight, bool withBodies) =>
        new(fromHeight, fromIndex, toHeight, withBodies, []);

    public static SyncRequest Messages(IReadOnlyList<MessageId> ids) => new(0, 0, 0, false, ids);

    public byte[] Encode()
    {
        var writer = new ProtoWriter();
        if (MessageIds.Count > 0)
        {
            foreach (var id in MessageIds)
            {
                writer.Bytes(5, id.Value.ToArray());
            }

            return writer.ToArray();
        }

        return writer.Number(1, FromHeight).Number(2, (ulong)FromIndex).Number(3, ToHeight).Number(4, WithBodies ? 1u : 0u).ToArray();
    }

    public static SyncRequest? Decode(ReadOnlySpan<byte> bytes)
    {
        ulong from = 0, to = 0, index = 0;
        var withBodies = false;
        var ids = new List<MessageId>();
        var reader = new ProtoReader(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1 when reader.IsNumber(1): from = reader.Number; break;
                case 2 when reader.IsNumber(2): index = reader.Number; break;
                case 3 when reader.IsNumber(3): to = reader.Number; break;
                case 4 when reader.IsNumber(4): withBodies = reader.Number != 0; break;
                case 5 when reader.IsBytes(5) && reader.Bytes.Length == Hash32.Size && ids.Count < WireFormat.MaxIds:
                    ids.Add(new MessageId(new Hash32(reader.Bytes)));
                    break;
                case <= 5: return null;
                default: break;
            }
        }

        return reader.Failed || index > int.MaxValue ? null : new SyncRequest(from, (int)index, to, withBodies, ids);
    }
}
