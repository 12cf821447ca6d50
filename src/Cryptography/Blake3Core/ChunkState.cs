using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kimura.Cryptography.Blake3Core;

/// <summary>One chunk that arrives in pieces. The last block is held back, because only the end says which flags it gets.</summary>
internal struct ChunkState
{
    private Words16 _state;
    private Block _block;
    private int _filled;
    private int _compressed;

    /// <summary>The chunk's place in the input.</summary>
    public ulong Counter { get; private set; }

    /// <summary>Bytes taken so far.</summary>
    public readonly int Length => (_compressed * Format.BlockSize) + _filled;

    private readonly uint StartFlag => _compressed == 0 ? Format.ChunkStart : 0;

    public void Start(ReadOnlySpan<uint> key, ulong counter)
    {
        key.CopyTo(_state);
        _filled = 0;
        _compressed = 0;
        Counter = counter;
    }

    /// <summary>Takes at most what is left of the chunk.</summary>
    public void Update(SimdPath path, ReadOnlySpan<byte> input, uint flags)
    {
        while (!input.IsEmpty)
        {
            if (_filled == Format.BlockSize)
            {
                CompressNext(path, ref _block[0], flags);
                _filled = 0;
            }

            while (_filled == 0 && input.Length > Format.BlockSize)
            {
                CompressNext(path, ref MemoryMarshal.GetReference(input), flags);
                input = input[Format.BlockSize..];
            }

            Span<byte> room = ((Span<byte>)_block)[_filled..];
            int taken = Math.Min(room.Length, input.Length);
            input[..taken].CopyTo(room);
            _filled += taken;
            input = input[taken..];
        }
    }

    /// <summary>The chunk's chaining value.</summary>
    [SkipLocalsInit]
    public void Finish(SimdPath path, uint flags, out Words8 output)
    {
        PadBlock();
        Words16 state = _state;
        Compression.Compress(path, ref state[0], ref _block[0], (uint)_filled, Counter, flags | StartFlag | Format.ChunkEnd);
        output = Unsafe.As<Words16, Words8>(ref state);
        Mode.ToMemoryOrder(output);
    }

    /// <summary>The hash, where this chunk is all there is. The chunk may go on afterwards.</summary>
    [SkipLocalsInit]
    public void FinishRoot(SimdPath path, uint flags, Span<byte> output)
    {
        PadBlock();
        Words16 state = _state;
        Compression.Root(path, ref state[0], ref _block[0], (uint)_filled, flags | StartFlag | Format.ChunkEnd, output);
    }

    private void CompressNext(SimdPath path, ref byte block, uint flags)
    {
        Compression.Compress(path, ref _state[0], ref block, Format.BlockSize, Counter, flags | StartFlag);
        _compressed++;
    }

    private void PadBlock() => ((Span<byte>)_block)[_filled..].Clear();
}
