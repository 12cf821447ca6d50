using System.Buffers;
using System.Text;

namespace Kimura.Libp2p.Encodings;

/// <summary>Writes protobuf fields in the order in which it is called.</summary>
internal sealed class ProtoWriter
{
    private readonly ArrayBufferWriter<byte> _output = new();

    /// <summary>Bytes written.</summary>
    public int Length => _output.WrittenCount;

    public ProtoWriter Number(int field, ulong value)
    {
        Varint(((ulong)field << 3) | (uint)ProtoWire.Varint);
        Varint(value);
        return this;
    }

    public ProtoWriter Bytes(int field, ReadOnlySpan<byte> value)
    {
        Varint(((ulong)field << 3) | (uint)ProtoWire.Bytes);
        Varint((ulong)value.Length);
        _output.Write(value);
        return this;
    }

    public ProtoWriter Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public ProtoWriter Message(int field, ProtoWriter message) => Bytes(field, message._output.WrittenSpan);

    public byte[] ToArray() => _output.WrittenSpan.ToArray();

    /// <summary>The message after its length as a uvarint.</summary>
    public byte[] ToFrame()
    {
        byte[] frame = new byte[Uvarint.SizeOf((ulong)Length) + Length];
        int size = Uvarint.Write(frame, (ulong)Length);
        _output.WrittenSpan.CopyTo(frame.AsSpan(size));
        return frame;
    }

    private void Varint(ulong value)
    {
        Span<byte> space = _output.GetSpan(10);
        int size = 0;
        for (; value >= 0x80; value >>= 7)
        {
            space[size++] = (byte)((value & 0x7F) | 0x80);
        }

        space[size++] = (byte)value;
        _output.Advance(size);
    }
}
