using System.Buffers;

namespace Kimura.Libp2p.Transports;

/// <summary>Bytes waiting to be read, in one pooled array that grows by need and is given back when empty. Not thread-safe.</summary>
internal sealed class ByteQueue
{
    private const int Smallest = 4096;
    private byte[] _array = [];
    private int _start;

    /// <summary>Bytes waiting.</summary>
    public int Count { get; private set; }

    public void Append(ReadOnlySpan<byte> data)
    {
        if (_start + Count + data.Length > _array.Length)
        {
            MakeRoom(data.Length);
        }

        data.CopyTo(_array.AsSpan(_start + Count));
        Count += data.Length;
    }

    /// <summary>Moves up to the destination's length and says how many.</summary>
    public int Take(Span<byte> destination)
    {
        int size = Math.Min(Count, destination.Length);
        _array.AsSpan(_start, size).CopyTo(destination);
        _start += size;
        Count -= size;
        if (Count == 0)
        {
            Clear();
        }

        return size;
    }

    /// <summary>Forgets what waits and gives the array back.</summary>
    public void Clear()
    {
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }

        (_array, _start, Count) = ([], 0, 0);
    }

    private void MakeRoom(int extra)
    {
        int needed = Count + extra;
        if (needed <= _array.Length / 2)
        {
            _array.AsSpan(_start, Count).CopyTo(_array);
            _start = 0;
            return;
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(Smallest, Math.Max(needed, Math.Min(_array.Length * 2, needed * 2))));
        _array.AsSpan(_start, Count).CopyTo(larger);
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }

        (_array, _start) = (larger, 0);
    }
}
