using Kimura.Libp2p.Transports;

namespace Kimura.Tests.Unit.Libp2p;

/// <summary>Says what it is given, then ends; takes whatever is written.</summary>
internal sealed class FixedDuplex(byte[] bytes) : IDuplex
{
    private int _position;

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default)
    {
        int size = Math.Min(buffer.Length, bytes.Length - _position);
        bytes.AsMemory(_position, size).CopyTo(buffer);
        _position += size;
        return ValueTask.FromResult(size);
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation = default) => ValueTask.CompletedTask;

    public ValueTask CloseWriteAsync(CancellationToken cancellation = default) => ValueTask.CompletedTask;

    public void Abort()
    {
        // Nothing is held.
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
