using System.Buffers;
using System.Text;

namespace Kimura.Libp2p.Encodings;

/// <summary>
/// Writes protobuf fields (protobuf.dev, encoding) in the order in which it is called, defaults and empty values too: what is to be absent
/// is not written. Field numbers are 1 to 2^29 - 1; others throw. Not thread-safe.
/// </summary>
public sealed class ProtoWriter
{
    private readonly ArrayBufferWriter<byte> _output = new();

    /// <summary>Bytes written.</summary>
    public int Length => _output.WrittenCount;

    /// <summary>A number, enum or bool as a varint. Returns this.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No field number.</exception>
    public ProtoWriter Number(int field, ulong value)
    {
        Tag(field, ProtoWire.Varint);
        Varint(value);
        return this;
    }

    /// <summary>Bytes behind their length. Returns this.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No field number.</exception>
    public ProtoWriter Bytes(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, ProtoWire.Bytes);
        Varint((ulong)value.Length);
        _output.Write(value);
        return this;
    }

    /// <summary>Text in UTF-8 behind its length in bytes. Returns this.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No field number.</exception>
    public ProtoWriter Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    /// <summary>What another writer holds, as a message within this one. Returns this.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No field number.</exception>
    public ProtoWriter Message(int field, ProtoWriter message) => Bytes(field, message._output.WrittenSpan);

    /// <summary>The message.</summary>
    public byte[] ToArray() => _output.WrittenSpan.ToArray();

    /// <summary>The message behind its length in bytes as a uvarint.</summary>
    public byte[] ToFrame()
    {
        byte[] frame = new byte[Uvarint.SizeOf((ulong)Length) + Length];
        int size = Uvarint.Write(frame, (ulong)Length);
        _output.WrittenSpan.CopyTo(frame.AsSpan(size));
        return frame;
    }

    private void Tag(int field, ProtoWire wire)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(field);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(field, ProtoReader.MaxField);
        Varint(((ulong)field << 3) | (uint)wire);
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
