using System.Buffers.Binary;
using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p.Noise;

/// <summary>A connection after the handshake: frames of at most 65,535 bytes, each sealed. One reader and one writer at a time.</summary>
internal sealed class NoiseDuplex(IDuplex inner, CipherState send, CipherState receive) : IDuplex
{
    private const int Prefix = sizeof(ushort);
    private const int MaxFrame = ushort.MaxValue;
    private const int MaxPlain = MaxFrame - CipherState.TagSize;
    private readonly byte[] _incoming = new byte[Prefix + MaxFrame];
    private byte[] _outgoing = new byte[8 * 1024];
    private int _rawStart;
    private int _rawEnd;
    private int _plainStart;
    private int _plainEnd;

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default)
    {
        while (_plainStart == _plainEnd)
        {
            if (!TryOpenFrame() && !await FillAsync(cancellation))
            {
                return 0;
            }
        }

        int size = Math.Min(buffer.Length, _plainEnd - _plainStart);
        _incoming.AsSpan(_plainStart, size).CopyTo(buffer.Span);
        _plainStart += size;
        return size;
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation = default)
    {
        while (!data.IsEmpty)
        {
            // Two frames at most go out in one write.
            int taken = Math.Min(data.Length, 2 * MaxPlain);
            int size = SealFrames(data.Span[..taken]);
            await inner.WriteAsync(_outgoing.AsMemory(0, size), cancellation);
            data = data[taken..];
        }
    }

    public ValueTask CloseWriteAsync(CancellationToken cancellation = default) => inner.CloseWriteAsync(cancellation);

    public void Abort() => inner.Abort();

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private int SealFrames(ReadOnlySpan<byte> data)
    {
        int needed = data.Length + (2 * (Prefix + CipherState.TagSize));
        if (_outgoing.Length < needed)
        {
            _outgoing = new byte[Math.Min(needed * 2, 2 * (Prefix + MaxFrame))];
        }

        int size = 0;
        while (!data.IsEmpty)
        {
            ReadOnlySpan<byte> plain = data[..Math.Min(data.Length, MaxPlain)];
            BinaryPrimitives.WriteUInt16BigEndian(_outgoing.AsSpan(size), (ushort)(plain.Length + CipherState.TagSize));
            size += Prefix;
            size += send.Seal(plain, _outgoing.AsSpan(size), default);
            data = data[plain.Length..];
        }

        return size;
    }

    /// <summary>Opens the next frame in place, where all of it is there.</summary>
    private bool TryOpenFrame()
    {
        if (_rawEnd - _rawStart < Prefix)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(_incoming.AsSpan(_rawStart));
        if (_rawEnd - _rawStart - Prefix < length)
        {
            return false;
        }

        Span<byte> frame = _incoming.AsSpan(_rawStart + Prefix, length);
        int size = receive.Open(frame, frame, default);
        if (size < 0)
        {
            inner.Abort();
            throw new Libp2pException(Libp2pFailure.ProtocolViolation, "a Noise frame does not open");
        }

        _plainStart = _rawStart + Prefix;
        _plainEnd = _plainStart + size;
        _rawStart += Prefix + length;
        return true;
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancellation)
    {
        _incoming.AsSpan(_rawStart, _rawEnd - _rawStart).CopyTo(_incoming);
        (_rawStart, _rawEnd) = (0, _rawEnd - _rawStart);
        (_plainStart, _plainEnd) = (0, 0);
        int read = await inner.ReadAsync(_incoming.AsMemory(_rawEnd), cancellation);
        _rawEnd += read;
        if (read == 0 && _rawEnd > 0)
        {
            throw new Libp2pException(Libp2pFailure.ConnectionClosed, "the connection ended inside a Noise frame");
        }

        return read > 0;
    }
}
