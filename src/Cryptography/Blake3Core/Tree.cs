using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kimura.Cryptography.Blake3Core;

/// <summary>The binary tree over chunks (the paper, section 2.1): left subtrees are whole and as large as they can be.</summary>
internal static class Tree
{
    /// <summary>
    /// The chaining values of the two children of the root of a subtree over <paramref name="input"/>, which is longer than a chunk and
    /// begins at chunk number <paramref name="counter"/>.
    /// </summary>
    [SkipLocalsInit]
    public static void Halves(SimdPath path, ReadOnlySpan<byte> input, in Mode mode, ulong counter, Span<Words8> output)
    {
        Unsafe.SkipInit(out Level level);
        Span<Words8> values = level;
        int count = Wide(path, input, in mode, counter, values);
        while (count > 2)
        {
            Unsafe.SkipInit(out Level parents);
            count = Condense(path, values[..count], in mode, parents);
            ((Span<Words8>)parents)[..count].CopyTo(values);
        }

        values[..2].CopyTo(output);
    }

    /// <summary>Writes the chaining value of one chunk, whole or not.</summary>
    [SkipLocalsInit]
    public static void Chunk(SimdPath path, ReadOnlySpan<byte> input, in Mode mode, ulong counter, out Words8 output)
    {
        Unsafe.SkipInit(out ChunkState chunk);
        chunk.Start(mode.Key, counter);
        chunk.Update(path, input, mode.Flags);
        chunk.Finish(path, mode.Flags, out output);
    }

    /// <summary>
    /// Hashes a subtree up to as many chaining values as there are lanes, so that the parents too can be hashed many at once; never to
    /// one alone, because the root needs its own flag. Returns how many.
    /// </summary>
    [SkipLocalsInit]
    private static int Wide(SimdPath path, ReadOnlySpan<byte> input, in Mode mode, ulong counter, Span<Words8> output)
    {
        int lanes = (int)path;
        if (input.Length <= lanes * Format.ChunkSize)
        {
            return Leaves(path, input, in mode, counter, output);
        }

        // The largest power of two of chunks that leaves something on the right.
        uint chunks = ((uint)input.Length + Format.ChunkSize - 1) / Format.ChunkSize;
        int left = (int)BitOperations.RoundUpToPowerOf2(chunks) / 2 * Format.ChunkSize;
        Unsafe.SkipInit(out TwoLevels both);
        Span<Words8> values = both;
        int leftCount = Wide(path, input[..left], in mode, counter, values);
        ulong rightCounter = counter + (ulong)(left / Format.ChunkSize);
        int rightCount = Wide(path, input[left..], in mode, rightCounter, values[leftCount..]);
        if (leftCount == 1)
        {
            values[..2].CopyTo(output);
            return 2;
        }

        return Condense(path, values[..(leftCount + rightCount)], in mode, output);
    }

    private static int Leaves(SimdPath path, ReadOnlySpan<byte> input, in Mode mode, ulong counter, Span<Words8> output)
    {
        int whole = input.Length / Format.ChunkSize;
        Compression.Chunks(path, ref MemoryMarshal.GetReference(input), whole, in mode, counter, output);
        ReadOnlySpan<byte> rest = input[(whole * Format.ChunkSize)..];
        if (rest.IsEmpty)
        {
            return whole;
        }

        Chunk(path, rest, in mode, counter + (ulong)whole, out output[whole]);
        return whole + 1;
    }

    private static int Condense(SimdPath path, ReadOnlySpan<Words8> children, in Mode mode, Span<Words8> output)
    {
        int pairs = children.Length / 2;
        Compression.Parents(path, children[..(pairs * 2)], in mode, output);
        if (children.Length == pairs * 2)
        {
            return pairs;
        }

        output[pairs] = children[^1];
        return pairs + 1;
    }

    [InlineArray(Format.MaxLanes)]
    private struct Level
    {
        private Words8 _first;
    }

    [InlineArray(2 * Format.MaxLanes)]
    private struct TwoLevels
    {
        private Words8 _first;
    }
}
