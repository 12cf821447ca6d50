using Kimura.Libp2p.Encodings;

namespace Kimura.Libp2p.Gossip;

/// <summary>What one peer tells another at once (libp2p/specs, pubsub).</summary>
internal sealed class Rpc
{
    public List<(bool Subscribe, string Topic)> Subscriptions { get; } = [];

    public List<RpcMessage> Messages { get; } = [];

    public List<(string Topic, List<MessageKey> Ids)> Have { get; } = [];

    /// <summary>One entry an IWANT message.</summary>
    public List<List<MessageKey>> Want { get; } = [];

    public List<string> Graft { get; } = [];

    public List<(string Topic, ulong Seconds)> Prune { get; } = [];

    /// <summary>How many things it says; sixteen ids count as one.</summary>
    public int Entries => Subscriptions.Count + Messages.Count + Have.Count + Want.Count + Graft.Count + Prune.Count
        + ((Have.Sum(static have => have.Ids.Count) + Want.Sum(static ids => ids.Count)) / 16);

    /// <summary>An RPC with one message, after its length, written at once.</summary>
    public static byte[] FrameOf(string topic, ReadOnlySpan<byte> data)
    {
        byte[] name = new ProtoWriter().Text(4, topic).ToArray();
        ulong message = 1 + (ulong)Uvarint.SizeOf((ulong)data.Length) + (ulong)data.Length + (ulong)name.Length;
        ulong rpc = 1 + (ulong)Uvarint.SizeOf(message) + message;
        byte[] frame = new byte[Uvarint.SizeOf(rpc) + (int)rpc];
        int size = Uvarint.Write(frame, rpc);
        frame[size++] = (2 << 3) | (int)ProtoWire.Bytes;
        size += Uvarint.Write(frame.AsSpan(size), message);
        frame[size++] = (2 << 3) | (int)ProtoWire.Bytes;
        size += Uvarint.Write(frame.AsSpan(size), (ulong)data.Length);
        data.CopyTo(frame.AsSpan(size));
        name.CopyTo(frame, size + data.Length);
        return frame;
    }

    /// <summary>The protobuf after its length.</summary>
    public byte[] ToFrame()
    {
        ProtoWriter rpc = new();
        foreach ((bool subscribe, string topic) in Subscriptions)
        {
            rpc.Message(1, new ProtoWriter().Number(1, subscribe ? 1u : 0u).Text(2, topic));
        }

        foreach (RpcMessage message in Messages)
        {
            rpc.Message(2, new ProtoWriter().Bytes(2, message.Data.Span).Text(4, message.Topic));
        }

        ProtoWriter control = new();
        foreach ((string topic, List<MessageKey> ids) in Have)
        {
            control.Message(1, WithIds(new ProtoWriter().Text(1, topic), 2, ids));
        }

        foreach (List<MessageKey> ids in Want)
        {
            control.Message(2, WithIds(new ProtoWriter(), 1, ids));
        }

        foreach (string topic in Graft)
        {
            control.Message(3, new ProtoWriter().Text(1, topic));
        }

        foreach ((string topic, ulong seconds) in Prune)
        {
            control.Message(4, new ProtoWriter().Text(1, topic).Number(3, seconds));
        }

        return (control.Length > 0 ? rpc.Message(3, control) : rpc).ToFrame();
    }

    private static ProtoWriter WithIds(ProtoWriter writer, int field, List<MessageKey> ids)
    {
        foreach (MessageKey id in ids)
        {
            writer.Bytes(field, id.ToArray());
        }

        return writer;
    }
}

/// <summary>A message in an RPC.</summary>
/// <param name="Topic">Its topic.</param>
/// <param name="Data">Its data.</param>
/// <param name="Signed">It carries an author, a number, a signature or a key, which StrictNoSign forbids.</param>
internal sealed record RpcMessage(string Topic, ReadOnlyMemory<byte> Data, bool Signed);
