using Kimura.Libp2p.Encodings;

namespace Kimura.Libp2p.Transports;

/// <summary>Reads whole pieces without taking a byte more than they have.</summary>
internal static class DuplexReading
{
    /// <summary>Fills the buffer; false where the other side ended before the first byte.</summary>
    /// <exception cref="Libp2pException">It ended in the middle.</exception>
    public static async ValueTask<bool> TryReadExactlyAsync(this IDuplex source, Memory<byte> buffer, CancellationToken cancellation)
    {
        int filled = 0;
        while (filled < buffer.Length)
        {
            int read = await source.ReadAsync(buffer[filled..], cancellation);
            if (read == 0)
            {
                return filled == 0 ? false : throw CutShort();
            }

            filled += read;
        }

        return true;
    }

    /// <summary>Fills the buffer.</summary>
    /// <exception cref="Libp2pException">The other side ended before.</exception>
    public static async ValueTask ReadExactlyAsync(this IDuplex source, Memory<byte> buffer, CancellationToken cancellation)
    {
        if (!await source.TryReadExactlyAsync(buffer, cancellation))
        {
            throw CutShort();
        }
    }

    /// <summary>
    /// Reads a uvarint length and that many bytes; null at a clean end. The limit is checked before memory is taken.
    /// </summary>
    /// <exception cref="Libp2pException">More than the limit, a malformed length, or an end in the middle.</exception>
    public static async ValueTask<byte[]?> ReadFrameAsync(this IDuplex source, int limit, CancellationToken cancellation)
    {
        byte[] prefix = new byte[Uvarint.MaxSize];
        int size = 0;
        do
        {
            if (size == prefix.Length)
            {
                throw new Libp2pException(Libp2pFailure.ProtocolViolation, "a length takes too many bytes");
            }

            if (!await source.TryReadExactlyAsync(prefix.AsMemory(size, 1), cancellation))
            {
                return size == 0 ? null : throw CutShort();
            }
        }
        while (prefix[size++] >= 0x80);

        if (!Uvarint.TryRead(prefix.AsSpan(0, size), out ulong length, out _))
        {
            throw new Libp2pException(Libp2pFailure.ProtocolViolation, "a length is not in its shortest form");
        }

        if (length > (ulong)limit)
        {
            throw new Libp2pException(Libp2pFailure.LimitExceeded, $"a frame of {length} bytes was announced, {limit} are allowed");
        }

        return await ReadGrowingAsync(source, (int)length, cancellation);
    }

    /// <summary>Takes memory as bytes arrive, so that a claim alone costs little.</summary>
    private static async ValueTask<byte[]> ReadGrowingAsync(IDuplex source, int length, CancellationToken cancellation)
    {
        const int FirstStep = 16 * 1024;
        byte[] frame = new byte[Math.Min(length, FirstStep)];
        int filled = 0;
        while (true)
        {
            await source.ReadExactlyAsync(frame.AsMemory(filled), cancellation);
            filled = frame.Length;
            if (filled == length)
            {
                return frame;
            }

            Array.Resize(ref frame, (int)Math.Min(length, filled * 2L));
        }
    }

    private static Libp2pException CutShort() => new(Libp2pFailure.ConnectionClosed, "the other side ended in the middle");
}
