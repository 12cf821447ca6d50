namespace Kimura.Libp2p.Encodings;

/// <summary>Unsigned LEB128 numbers in their shortest form, at most nine bytes (multiformats/unsigned-varint).</summary>
internal static class Uvarint
{
    /// <summary>Most bytes of a number.</summary>
    public const int MaxSize = 9;

    /// <summary>Bytes that the number takes.</summary>
    public static int SizeOf(ulong value)
    {
        int size = 1;
        for (; value >= 0x80; value >>= 7)
        {
            size++;
        }

        return size;
    }

    /// <summary>Writes the number and returns its size.</summary>
    public static int Write(Span<byte> destination, ulong value)
    {
        int size = 0;
        for (; value >= 0x80; value >>= 7)
        {
            destination[size++] = (byte)((value & 0x7F) | 0x80);
        }

        destination[size++] = (byte)value;
        return size;
    }

    /// <summary>Reads a number from the start; false where it is cut short, too long, or not in its shortest form.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out ulong value, out int size)
    {
        value = 0;
        int limit = Math.Min(source.Length, MaxSize);
        for (size = 0; size < limit; size++)
        {
            byte next = source[size];
            value |= (ulong)(next & 0x7F) << (7 * size);
            if (next < 0x80)
            {
                return ++size == 1 || next != 0;
            }
        }

        return false;
    }
}
