using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Kimura.Cryptography.Blake3Core;

namespace Kimura.Cryptography;

/// <summary>BLAKE3 for input that arrives in pieces. Not thread-safe; may go on after <see cref="Finish"/>, and be reset.</summary>
public sealed class Blake3Hasher
{
    private readonly SimdPath _path;
    private readonly uint[] _key;
    private readonly uint _flags;

    // Chaining values of whole subtrees, the largest first, that wait for their right siblings (the paper, section 5.1.2).
    private readonly Words8[] _waiting = new Words8[Format.MaxDepth + 1];
    private int _waitingCount;
    private ChunkState _chunk;

    private Blake3Hasher(in Mode mode, SimdPath path)
    {
        _path = path;
        _key = mode.Key.ToArray();
        _flags = mode.Flags;
        Reset();
    }

    private Mode Mode => new(_key, _flags);

    /// <summary>The plain hash mode.</summary>
    public static Blake3Hasher Create() => Create(SimdPaths.Best);

    /// <summary>The keyed mode.</summary>
    /// <exception cref="ArgumentException">The key is not <see cref="Blake3.KeySize"/> bytes.</exception>
    public static Blake3Hasher CreateKeyed(ReadOnlySpan<byte> key) =>
        new(Mode.Keyed(key, stackalloc uint[Format.KeyWords]), SimdPaths.Best);

    /// <summary>The key-derivation mode.</summary>
    public static Blake3Hasher CreateDeriveKey(ReadOnlySpan<byte> context) =>
        new(Mode.DeriveKey(context, stackalloc uint[Format.KeyWords]), SimdPaths.Best);

    /// <summary>Takes the next piece.</summary>
    public void Update(ReadOnlySpan<byte> input)
    {
        if (_chunk.Length > 0)
        {
            int taken = Math.Min(Format.ChunkSize - _chunk.Length, input.Length);
            _chunk.Update(_path, input[..taken], _flags);
            input = input[taken..];
            if (input.IsEmpty)
            {
                return;
            }

            _chunk.Finish(_path, _flags, out Words8 value);
            Push(in value, _chunk.Counter);
            _chunk.Start(_key, _chunk.Counter + 1);
        }

        while (input.Length > Format.ChunkSize)
        {
            input = input[TakeSubtree(input)..];
        }

        if (!input.IsEmpty)
        {
            _chunk.Update(_path, input, _flags);
            MergeUpTo(_chunk.Counter);
        }
    }

    /// <summary>Writes the hash of everything taken so far.</summary>
    [SkipLocalsInit]
    public void Finish(Span<byte> output)
    {
        if (_waitingCount == 0)
        {
            _chunk.FinishRoot(_path, _flags, output);
            return;
        }

        // From the right edge up: each waiting value is the left sibling of what is below it.
        Unsafe.SkipInit(out Words16 block);
        Span<Words8> pair = MemoryMarshal.Cast<uint, Words8>((Span<uint>)block);
        int left = _waitingCount;
        if (_chunk.Length > 0)
        {
            _chunk.Finish(_path, _flags, out pair[1]);
        }
        else
        {
            left--;
            pair[1] = _waiting[left];
        }

        while (left > 1)
        {
            left--;
            pair[0] = _waiting[left];
            Compression.Parents(_path, pair, Mode, pair[1..]);
        }

        pair[0] = _waiting[0];
        Unsafe.SkipInit(out Words16 state);
        _key.CopyTo(state);
        ref byte bytes = ref Unsafe.As<Words16, byte>(ref block);
        Compression.Root(_path, ref state[0], ref bytes, Format.BlockSize, _flags | Format.Parent, output);
    }

    /// <summary>Starts anew in the same mode and with the same key.</summary>
    public void Reset()
    {
        _waitingCount = 0;
        _chunk.Start(_key, 0);
    }

    /// <summary>The plain mode on a path of choice, for tests.</summary>
    internal static Blake3Hasher Create(SimdPath path) => new(Mode.Plain, path);

    /// <summary>
    /// Hashes the largest whole subtree that begins here and leaves something over (a root needs its own flag), and returns its length.
    /// </summary>
    [SkipLocalsInit]
    private int TakeSubtree(ReadOnlySpan<byte> input)
    {
        ulong counter = _chunk.Counter;
        int chunks = 1 << BitOperations.Log2((uint)input.Length / Format.ChunkSize);
        while ((counter & (ulong)(chunks - 1)) != 0)
        {
            chunks /= 2;
        }

        int length = chunks * Format.ChunkSize;
        if (chunks == 1)
        {
            Unsafe.SkipInit(out Words8 value);
            Compression.Chunks(_path, ref MemoryMarshal.GetReference(input), 1, Mode, counter, new Span<Words8>(ref value));
            Push(in value, counter);
        }
        else
        {
            // Two halves, not their parent: should nothing follow, that parent is the root.
            Unsafe.SkipInit(out Words16 halves);
            Span<Words8> values = MemoryMarshal.Cast<uint, Words8>((Span<uint>)halves);
            Tree.Halves(_path, input[..length], Mode, counter, values);
            Push(in values[0], counter);
            Push(in values[1], counter + (ulong)(chunks / 2));
        }

        _chunk.Start(_key, counter + (ulong)chunks);
        return length;
    }

    /// <summary>Adds the value of a subtree that begins at a chunk number, after merging what is complete before it.</summary>
    private void Push(in Words8 value, ulong counter)
    {
        MergeUpTo(counter);
        _waiting[_waitingCount] = value;
        _waitingCount++;
    }

    /// <summary>Before chunk number n there are as many whole subtrees as n has one bits.</summary>
    private void MergeUpTo(ulong counter)
    {
        int whole = BitOperations.PopCount(counter);
        while (_waitingCount > whole)
        {
            Span<Words8> pair = _waiting.AsSpan(_waitingCount - 2, 2);
            Compression.Parents(_path, pair, Mode, pair);
            _waitingCount--;
        }
    }
}
