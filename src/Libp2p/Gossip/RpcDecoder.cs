using System.Text;
using Kimura.Libp2p.Encodings;

namespace Kimura.Libp2p.Gossip;

/// <summary>Reads RPCs. The frame is bounded already; the counts of what is in it are bounded here.</summary>
internal static class RpcDecoder
{
    /// <summary>Most bytes of a topic's name.</summary>
    public const int MaxTopic = 256;

    /// <summary>Most subscriptions, messages and control messages in an RPC together, and as many ids.</summary>
    public const int MaxEntries = 5000;

    /// <summary>Null where it is malformed or has too much of something. Messages refer to the frame's memory.</summary>
    public static Rpc? TryDecode(ReadOnlyMemory<byte> frame)
    {
        Rpc rpc = new();
        (int Entries, int Ids) seen = default;
        ProtoReader reader = new(frame.Span);
        while (reader.Next())
        {
            bool good = !(reader.IsBytes(1) || reader.IsBytes(2) || reader.IsBytes(3)) || ++seen.Entries <= MaxEntries + 1;
            if (reader.IsBytes(1))
            {
                good &= Subscription(reader.Bytes, rpc);
            }
            else if (reader.IsBytes(2))
            {
                good &= Message(frame, reader.Bytes, rpc);
            }
            else if (reader.IsBytes(3))
            {
                good &= Control(reader.Bytes, rpc, ref seen);
            }

            if (!good)
            {
                return null;
            }
        }

        return reader.Failed ? null : rpc;
    }

    private static bool Subscription(ReadOnlySpan<byte> bytes, Rpc rpc)
    {
        bool subscribe = false;
        string? topic = null;
        ProtoReader reader = new(bytes);
        while (reader.Next())
        {
            subscribe = reader.IsNumber(1) ? reader.Number != 0 : subscribe;
            topic = reader.IsBytes(2) ? Topic(reader.Bytes) : topic;
        }

        rpc.Subscriptions.Add((subscribe, topic ?? string.Empty));
        return !reader.Failed && topic is not null;
    }

    private static bool Message(ReadOnlyMemory<byte> frame, ReadOnlySpan<byte> bytes, Rpc rpc)
    {
        ReadOnlyMemory<byte> data = default;
        string? topic = null;
        bool isSigned = false;
        ProtoReader reader = new(bytes);
        while (reader.Next())
        {
            if (reader.IsBytes(2))
            {
                _ = frame.Span.Overlaps(reader.Bytes, out int offset);
                data = reader.Bytes.IsEmpty ? default : frame.Slice(offset, reader.Bytes.Length);
            }
            else if (reader.IsBytes(4))
            {
                topic = Topic(reader.Bytes);
            }
            else
            {
                isSigned |= reader.Field is 1 or 3 or 5 or 6;
            }
        }

        rpc.Messages.Add(new RpcMessage(topic ?? string.Empty, data, isSigned));
        return !reader.Failed && topic is not null;
    }

    private static bool Control(ReadOnlySpan<byte> bytes, Rpc rpc, ref (int Entries, int Ids) seen)
    {
        ProtoReader reader = new(bytes);
        while (reader.Next())
        {
            if (reader.Wire == ProtoWire.Bytes && (++seen.Entries > MaxEntries + 1 || !ControlEntry(reader.Field, reader.Bytes, rpc, ref seen)))
            {
                return false;
            }
        }

        return !reader.Failed;
    }

    private static bool ControlEntry(int kind, ReadOnlySpan<byte> bytes, Rpc rpc, ref (int Entries, int Ids) seen)
    {
        string? topic = null;
        List<MessageKey> ids = [];
        ulong seconds = 0;
        int idField = kind == 1 ? 2 : kind == 2 ? 1 : 0;
        ProtoReader reader = new(bytes);
        while (reader.Next())
        {
            if (idField != 0 && reader.IsBytes(idField))
            {
                if (++seen.Ids > MaxEntries)
                {
                    return false;
                }

                // Ids of another length are of nothing that there is here.
                if (MessageKey.TryRead(reader.Bytes, out MessageKey id))
                {
                    ids.Add(id);
                }
            }
            else if (reader.IsBytes(1))
            {
                topic = Topic(reader.Bytes);
            }
            else if (reader.IsNumber(3))
            {
                seconds = reader.Number;
            }
        }

        switch (kind)
        {
            case 1 when topic is not null:
                rpc.Have.Add((topic, ids));
                break;
            case 2:
                rpc.Want.Add(ids);
                break;
            case 3 when topic is not null:
                rpc.Graft.Add(topic);
                break;
            case 4 when topic is not null:
                rpc.Prune.Add((topic, seconds));
                break;
            default:
                // Extensions, IDONTWANT among them, are nobody's fault.
                break;
        }

        return !reader.Failed;
    }

    private static string? Topic(ReadOnlySpan<byte> bytes) => bytes.Length is > 0 and <= MaxTopic ? Encoding.UTF8.GetString(bytes) : null;
}
