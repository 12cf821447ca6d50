using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Kimura.Cryptography.Blake3Core;

/// <summary>The compression function in plain integer code (the paper, section 2.2), for every machine.</summary>
internal static class ScalarCompression
{
    /// <summary>
    /// Compresses one block. <paramref name="state"/> is sixteen words: the chaining value in the first eight before; the block's new
    /// chaining value there, and the second half of its extended output behind it, after.
    /// </summary>
    [SkipLocalsInit]
    public static void Compress(ref uint state, ref byte block, uint blockLength, ulong counter, uint flags)
    {
        uint v0 = At(ref state, 0), v1 = At(ref state, 1), v2 = At(ref state, 2), v3 = At(ref state, 3);
        uint v4 = At(ref state, 4), v5 = At(ref state, 5), v6 = At(ref state, 6), v7 = At(ref state, 7);
        uint v8 = Format.Iv0, v9 = Format.Iv1, v10 = Format.Iv2, v11 = Format.Iv3;
        uint v12 = unchecked((uint)counter), v13 = (uint)(counter >> 32), v14 = blockLength, v15 = flags;

        // Seven rounds of eight steps, the words in the order of Format.Schedule: spelled out, because a look-up costs a fifth more.
        Mix(ref v0, ref v4, ref v8, ref v12, Word(ref block, 0), Word(ref block, 1));
        Mix(ref v1, ref v5, ref v9, ref v13, Word(ref block, 2), Word(ref block, 3));
        Mix(ref v2, ref v6, ref v10, ref v14, Word(ref block, 4), Word(ref block, 5));
        Mix(ref v3, ref v7, ref v11, ref v15, Word(ref block, 6), Word(ref block, 7));
        Mix(ref v0, ref v5, ref v10, ref v15, Word(ref block, 8), Word(ref block, 9));
        Mix(ref v1, ref v6, ref v11, ref v12, Word(ref block, 10), Word(ref block, 11));
        Mix(ref v2, ref v7, ref v8, ref v13, Word(ref block, 12), Word(ref block, 13));
        Mix(ref v3, ref v4, ref v9, ref v14, Word(ref block, 14), Word(ref block, 15));
        Mix(ref v0, ref v4, ref v8, ref v12, Word(ref block, 2), Word(ref block, 6));
        Mix(ref v1, ref v5, ref v9, ref v13, Word(ref block, 3), Word(ref block, 10));
        Mix(ref v2, ref v6, ref v10, ref v14, Word(ref block, 7), Word(ref block, 0));
        Mix(ref v3, ref v7, ref v11, ref v15, Word(ref block, 4), Word(ref block, 13));
        Mix(ref v0, ref v5, ref v10, ref v15, Word(ref block, 1), Word(ref block, 11));
        Mix(ref v1, ref v6, ref v11, ref v12, Word(ref block, 12), Word(ref block, 5));
        Mix(ref v2, ref v7, ref v8, ref v13, Word(ref block, 9), Word(ref block, 14));
        Mix(ref v3, ref v4, ref v9, ref v14, Word(ref block, 15), Word(ref block, 8));
        Mix(ref v0, ref v4, ref v8, ref v12, Word(ref block, 3), Word(ref block, 4));
        Mix(ref v1, ref v5, ref v9, ref v13, Word(ref block, 10), Word(ref block, 12));
        Mix(ref v2, ref v6, ref v10, ref v14, Word(ref block, 13), Word(ref block, 2));
        Mix(ref v3, ref v7, ref v11, ref v15, Word(ref block, 7), Word(ref block, 14));
        Mix(ref v0, ref v5, ref v10, ref v15, Word(ref block, 6), Word(ref block, 5));
        Mix(ref v1, ref v6, ref v11, ref v12, Word(ref block, 9), Word(ref block, 0));
        Mix(ref v2, ref v7, ref v8, ref v13, Word(ref block, 11), Word(ref block, 15));
        Mix(ref v3, ref v4, ref v9, ref v14, Word(ref block, 8), Word(ref block, 1));
        Mix(ref v0, ref v4, ref v8, ref v12, Word(ref block, 10), Word(ref block, 7));
        Mix(ref v1, ref v5, ref v9, ref v13, Word(ref block, 12), Word(ref block, 9));
        Mix(ref v2, ref v6, ref v10, ref v14, Word(ref block, 14), Word(ref block, 3));
        Mix(ref v3, ref v7, ref v11, ref v15, Word(ref block, 13), Word(ref block, 15));
        Mix(ref v0, ref v5, ref v10, ref v15, Word(ref block, 4), Word(ref block, 0));
        Mix(ref v1, ref v6, ref v11, ref v12, Word(ref block, 11), Word(ref block, 2));
        Mix(ref v2, ref v7, ref v8, ref v13, Word(ref block, 5), Word(ref block, 8));
        Mix(ref v3, ref v4, ref v9, ref v14, Word(ref block, 1), Word(ref block, 6));
        Mix(ref v0, ref v4, ref v8, ref v12, Word(ref block, 12), Word(ref block, 13));
        Mix(ref v1, ref v5, ref v9, ref v13, Word(ref block, 9), Word(ref block, 11));
        Mix(ref v2, ref v6, ref v10, ref v14, Word(ref block, 15), Word(ref block, 10));
        Mix(ref v3, ref v7, ref v11, ref v15, Word(ref block, 14), Word(ref block, 8));
        Mix(ref v0, ref v5, ref v10, ref v15, Word(ref block, 7), Word(ref block, 2));
        Mix(ref v1, ref v6, ref v11, ref v12, Word(ref block, 5), Word(ref block, 3));
        Mix(ref v2, ref v7, ref v8, ref v13, Word(ref block, 0), Word(ref block, 1));
        Mix(ref v3, ref v4, ref v9, ref v14, Word(ref block, 6), Word(ref block, 4));
        Mix(ref v0, ref v4, ref v8, ref v12, Word(ref block, 9), Word(ref block, 14));
        Mix(ref v1, ref v5, ref v9, ref v13, Word(ref block, 11), Word(ref block, 5));
        Mix(ref v2, ref v6, ref v10, ref v14, Word(ref block, 8), Word(ref block, 12));
        Mix(ref v3, ref v7, ref v11, ref v15, Word(ref block, 15), Word(ref block, 1));
        Mix(ref v0, ref v5, ref v10, ref v15, Word(ref block, 13), Word(ref block, 3));
        Mix(ref v1, ref v6, ref v11, ref v12, Word(ref block, 0), Word(ref block, 10));
        Mix(ref v2, ref v7, ref v8, ref v13, Word(ref block, 2), Word(ref block, 6));
        Mix(ref v3, ref v4, ref v9, ref v14, Word(ref block, 4), Word(ref block, 7));
        Mix(ref v0, ref v4, ref v8, ref v12, Word(ref block, 11), Word(ref block, 15));
        Mix(ref v1, ref v5, ref v9, ref v13, Word(ref block, 5), Word(ref block, 0));
        Mix(ref v2, ref v6, ref v10, ref v14, Word(ref block, 1), Word(ref block, 9));
        Mix(ref v3, ref v7, ref v11, ref v15, Word(ref block, 8), Word(ref block, 6));
        Mix(ref v0, ref v5, ref v10, ref v15, Word(ref block, 14), Word(ref block, 10));
        Mix(ref v1, ref v6, ref v11, ref v12, Word(ref block, 2), Word(ref block, 12));
        Mix(ref v2, ref v7, ref v8, ref v13, Word(ref block, 3), Word(ref block, 4));
        Mix(ref v3, ref v4, ref v9, ref v14, Word(ref block, 7), Word(ref block, 13));

        Finish(ref state, 0, v0 ^ v8, v8, v1 ^ v9, v9, v2 ^ v10, v10, v3 ^ v11, v11);
        Finish(ref state, 4, v4 ^ v12, v12, v5 ^ v13, v13, v6 ^ v14, v14, v7 ^ v15, v15);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(ref uint a, ref uint b, ref uint c, ref uint d, uint x, uint y)
    {
        unchecked
        {
            a = a + x + b;
            d = BitOperations.RotateRight(d ^ a, 16);
            c += d;
            b = BitOperations.RotateRight(b ^ c, 12);
            a = a + y + b;
            d = BitOperations.RotateRight(d ^ a, 8);
            c += d;
            b = BitOperations.RotateRight(b ^ c, 7);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint At(ref uint state, int index) => Unsafe.Add(ref state, index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Word(ref byte block, int index)
    {
        uint word = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref block, index * sizeof(uint)));
        return BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word);
    }

    /// <summary>Writes four words of the new chaining value, and four of the second half, into which the old one goes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(ref uint state, int index, uint c0, uint h0, uint c1, uint h1, uint c2, uint h2, uint c3, uint h3)
    {
        ref uint chained = ref Unsafe.Add(ref state, index);
        ref uint second = ref Unsafe.Add(ref chained, Format.KeyWords);
        second = h0 ^ chained;
        Unsafe.Add(ref second, 1) = h1 ^ At(ref chained, 1);
        Unsafe.Add(ref second, 2) = h2 ^ At(ref chained, 2);
        Unsafe.Add(ref second, 3) = h3 ^ At(ref chained, 3);
        chained = c0;
        Unsafe.Add(ref chained, 1) = c1;
        Unsafe.Add(ref chained, 2) = c2;
        Unsafe.Add(ref chained, 3) = c3;
    }
}
