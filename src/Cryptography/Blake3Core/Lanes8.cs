using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Kimura.Cryptography.Blake3Core;

/// <summary>Eight words in 256 bits, for machines with AVX2.</summary>
internal readonly struct Lanes8(Vector256<uint> words) : ILanes<Lanes8>
{
    private readonly Vector256<uint> _words = words;

    public static int Count => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Repeat(uint word) => new(Vector256.Create(word));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator +(Lanes8 left, Lanes8 right) => new(left._words + right._words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator ^(Lanes8 left, Lanes8 right) => new(left._words ^ right._words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 RotateRight16(Lanes8 value) => new(Rotations.RotateRight16(value._words));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 RotateRight12(Lanes8 value) => new(Rotations.RotateRight(value._words, 12));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 RotateRight8(Lanes8 value) => new(Rotations.RotateRight8(value._words));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 RotateRight7(Lanes8 value) => new(Rotations.RotateRight(value._words, 7));

    [SkipLocalsInit]
    public static void Turn(ref byte input, int stride, ref Lanes8 output)
    {
        Zip(Row(ref input, 0, stride), Row(ref input, 1, stride), out Vector256<ulong> a0, out Vector256<ulong> a1);
        Zip(Row(ref input, 2, stride), Row(ref input, 3, stride), out Vector256<ulong> b0, out Vector256<ulong> b1);
        Zip(Row(ref input, 4, stride), Row(ref input, 5, stride), out Vector256<ulong> c0, out Vector256<ulong> c1);
        Zip(Row(ref input, 6, stride), Row(ref input, 7, stride), out Vector256<ulong> d0, out Vector256<ulong> d1);
        Store(ref output, 0, Avx2.UnpackLow(a0, b0), Avx2.UnpackLow(c0, d0));
        Store(ref output, 1, Avx2.UnpackHigh(a0, b0), Avx2.UnpackHigh(c0, d0));
        Store(ref output, 2, Avx2.UnpackLow(a1, b1), Avx2.UnpackLow(c1, d1));
        Store(ref output, 3, Avx2.UnpackHigh(a1, b1), Avx2.UnpackHigh(c1, d1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Row(ref byte input, int lane, int stride) =>
        Vector256.LoadUnsafe(ref Unsafe.Add(ref input, lane * stride)).AsUInt32();

    /// <summary>Words 0, 1 and 4, 5 of two rows, pair by pair; and words 2, 3 and 6, 7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Zip(Vector256<uint> left, Vector256<uint> right, out Vector256<ulong> low, out Vector256<ulong> high)
    {
        low = Avx2.UnpackLow(left, right).AsUInt64();
        high = Avx2.UnpackHigh(left, right).AsUInt64();
    }

    /// <summary>Word <paramref name="index"/> of rows 0 to 3 and 4 to 7 in the lower halves, word index + 4 in the upper ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(ref Lanes8 output, int index, Vector256<ulong> left, Vector256<ulong> right)
    {
        Unsafe.Add(ref output, index) = new Lanes8(Avx2.Permute2x128(left, right, 0x20).AsUInt32());
        Unsafe.Add(ref output, index + 4) = new Lanes8(Avx2.Permute2x128(left, right, 0x31).AsUInt32());
    }
}
