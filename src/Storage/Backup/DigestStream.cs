using Kimura.Chain;

namespace Kimura.Storage.Backup;

/// <summary>
/// Passes bytes on to a stream below, or takes them from it up to a limit, and hashes them on the way. Does not own that stream.
/// </summary>
internal sealed class DigestStream(Stream below, long limit = long.MaxValue, Action<int>? onBytes = null) : Stream
{
    private readonly ByteDigest _digest = new();
    private long _count;

    public override bool CanRead => below.CanRead;

    public override bool CanSeek => false;

    public override bool CanWrite => below.CanWrite;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _count;
        set => throw new NotSupportedException();
    }

    /// <summary>BLAKE3 of what has passed.</summary>
    public Hash32 Digest => _digest.Current();

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        below.Write(buffer);
        Take(buffer);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var read = below.Read(buffer[..(int)Math.Min(buffer.Length, limit - _count)]);
        Take(buffer[..read]);
        return read;
    }

    public override void Flush() => below.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private void Take(ReadOnlySpan<byte> bytes)
    {
        _digest.Add(bytes);
        _count += bytes.Length;
        onBytes?.Invoke(bytes.Length);
    }
}
