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

        for (int round = 0; round < Format.Rounds; round++)
        {
            ref byte order = ref Unsafe.Add(ref Unsafe.AsRef(in Format.Schedule[0]), round * 16);
            Mix(ref v0, ref v4, ref v8, ref v12, Word(ref block, ref order, 0), Word(ref block, ref order, 1));
            Mix(ref v1, ref v5, ref v9, ref v13, Word(ref block, ref order, 2), Word(ref block, ref order, 3));
            Mix(ref v2, ref v6, ref v10, ref v14, Word(ref block, ref order, 4), Word(ref block, ref order, 5));
            Mix(ref v3, ref v7, ref v11, ref v15, Word(ref block, ref order, 6), Word(ref block, ref order, 7));
            Mix(ref v0, ref v5, ref v10, ref v15, Word(ref block, ref order, 8), Word(ref block, ref order, 9));
            Mix(ref v1, ref v6, ref v11, ref v12, Word(ref block, ref order, 10), Word(ref block, ref order, 11));
            Mix(ref v2, ref v7, ref v8, ref v13, Word(ref block, ref order, 12), Word(ref block, ref order, 13));
            Mix(ref v3, ref v4, ref v9, ref v14, Word(ref block, ref order, 14), Word(ref block, ref order, 15));
        }

        Finish(ref state, 0, v0, v8);
        Finish(ref state, 1, v1, v9);
        Finish(ref state, 2, v2, v10);
        Finish(ref state, 3, v3, v11);
        Finish(ref state, 4, v4, v12);
        Finish(ref state, 5, v5, v13);
        Finish(ref state, 6, v6, v14);
        Finish(ref state, 7, v7, v15);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(ref uint a, ref uint b, ref uint c, ref uint d, uint x, uint y)
    {
        unchecked
        {
            a += b + x;
            d = BitOperations.RotateRight(d ^ a, 16);
            c += d;
            b = BitOperations.RotateRight(b ^ c, 12);
            a += b + y;
            d = BitOperations.RotateRight(d ^ a, 8);
            c += d;
            b = BitOperations.RotateRight(b ^ c, 7);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint At(ref uint state, int index) => Unsafe.Add(ref state, index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Word(ref byte block, ref byte order, int step)
    {
        uint word = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref block, (nint)Unsafe.Add(ref order, step)));
        return BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(ref uint state, int index, uint low, uint high)
    {
        uint chained = Unsafe.Add(ref state, index);
        Unsafe.Add(ref state, index) = low ^ high;
        Unsafe.Add(ref state, index + 8) = high ^ chained;
    }
}
