namespace Kimura.Libp2p.Encodings;

/// <summary>
/// Reads protobuf fields (protobuf.dev, encoding) from bytes that are already bounded: every length is checked against what remains, nothing
/// is allocated, and nesting is only as deep as the caller makes it, by a reader of its own over <see cref="Bytes"/>. Unknown fields are
/// for the caller to skip. After a malformed field (a cut or too long number, a length beyond the end, field number 0 or above 2^29 - 1,
/// a group or an undefined wire type) <see cref="Failed"/> stays true and no field follows. It never throws.
/// </summary>
/// <param name="source">The message, without a length before it.</param>
public ref struct ProtoReader(ReadOnlySpan<byte> source)
{
    /// <summary>Largest field number that protobuf has.</summary>
    internal const int MaxField = (1 << 29) - 1;

    private readonly ReadOnlySpan<byte> _source = source;
    private int _position;

    /// <summary>The number of the field just read: 1 to 2^29 - 1.</summary>
    public int Field { get; private set; }

    /// <summary>Its wire type.</summary>
    public ProtoWire Wire { get; private set; }

    /// <summary>Its value for <see cref="ProtoWire.Varint"/>, as it stands (no zigzag, no sign); otherwise 0.</summary>
    public ulong Number { get; private set; }

    /// <summary>
    /// Its bytes, a part of the source, for <see cref="ProtoWire.Bytes"/>; the eight or four little-endian bytes for the fixed types;
    /// otherwise none.
    /// </summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>True once something was malformed: look at it after the last <see cref="Next"/>.</summary>
    public bool Failed { get; private set; }

    /// <summary>Moves to the next field; false at the end and after a failure.</summary>
    public bool Next()
    {
        Bytes = default;
        Number = 0;
        if (Failed || _position == _source.Length)
        {
            return false;
        }

        if (!TryVarint(out ulong tag) || tag >> 3 is 0 or > MaxField)
        {
            return Fail();
        }

        Field = (int)(tag >> 3);
        Wire = (ProtoWire)(tag & 7);
        switch (Wire)
        {
            case ProtoWire.Varint:
                if (!TryVarint(out ulong number))
                {
                    return Fail();
                }

                Number = number;
                return true;
            case ProtoWire.Bytes:
                return (TryVarint(out ulong length) && Take(length)) || Fail();
            case ProtoWire.Fixed64:
                return Take(sizeof(ulong)) || Fail();
            case ProtoWire.Fixed32:
                return Take(sizeof(uint)) || Fail();
            default:
                return Fail();
        }
    }

    /// <summary>True where the field just read is this one, with bytes.</summary>
    public readonly bool IsBytes(int field) => Field == field && Wire == ProtoWire.Bytes;

    /// <summary>True where the field just read is this one, with a number.</summary>
    public readonly bool IsNumber(int field) => Field == field && Wire == ProtoWire.Varint;

    private bool Take(ulong length)
    {
        if (length > (ulong)(_source.Length - _position))
        {
            return false;
        }

        Bytes = _source.Slice(_position, (int)length);
        _position += (int)length;
        return true;
    }

    /// <summary>Protobuf's own numbers may take ten bytes and need not be short.</summary>
    private bool TryVarint(out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 70 && _position < _source.Length; shift += 7)
        {
            byte next = _source[_position++];
            value |= unchecked((ulong)(next & 0x7F) << shift);
            if (next < 0x80)
            {
                return shift < 63 || next <= 1;
            }
        }

        return false;
    }

    private bool Fail()
    {
        Failed = true;
        return false;
    }
}

/// <summary>Protobuf wire types (protobuf.dev, encoding).</summary>
public enum ProtoWire
{
    /// <summary>A number.</summary>
    Varint = 0,

    /// <summary>Eight bytes.</summary>
    Fixed64 = 1,

    /// <summary>Bytes with their length, text and messages too.</summary>
    Bytes = 2,

    /// <summary>Four bytes.</summary>
    Fixed32 = 5,
}
