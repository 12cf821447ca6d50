using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Kimura.Cryptography.Blake3Core;

/// <summary>Four words in 128 bits, for any machine that has such vectors.</summary>
internal readonly struct Lanes4(Vector128<uint> words) : ILanes<Lanes4>
{
    private readonly Vector128<uint> _words = words;

    public static int Count => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 Repeat(uint word) => new(Vector128.Create(word));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 operator +(Lanes4 left, Lanes4 right) => new(left._words + right._words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 operator ^(Lanes4 left, Lanes4 right) => new(left._words ^ right._words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 RotateRight16(Lanes4 value) => new(Rotations.RotateRight16(value._words));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 RotateRight12(Lanes4 value) => new(Rotations.RotateRight(value._words, 12));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 RotateRight8(Lanes4 value) => new(Rotations.RotateRight8(value._words));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 RotateRight7(Lanes4 value) => new(Rotations.RotateRight(value._words, 7));

    [SkipLocalsInit]
    public static void Turn(ref byte input, int stride, ref Lanes4 output)
    {
        Vector128<uint> a = Row(ref input, 0, stride), b = Row(ref input, 1, stride);
        Vector128<uint> c = Row(ref input, 2, stride), d = Row(ref input, 3, stride);
        Vector128<uint> lowEven = ZipLow(a, c), lowOdd = ZipLow(b, d), highEven = ZipHigh(a, c), highOdd = ZipHigh(b, d);
        output = new Lanes4(ZipLow(lowEven, lowOdd));
        Unsafe.Add(ref output, 1) = new Lanes4(ZipHigh(lowEven, lowOdd));
        Unsafe.Add(ref output, 2) = new Lanes4(ZipLow(highEven, highOdd));
        Unsafe.Add(ref output, 3) = new Lanes4(ZipHigh(highEven, highOdd));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Row(ref byte input, int lane, int stride) =>
        Vector128.LoadUnsafe(ref Unsafe.Add(ref input, lane * stride)).AsUInt32();

    /// <summary>The first two words of both, pair by pair.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> ZipLow(Vector128<uint> left, Vector128<uint> right) => Alternate(
        Vector128.Shuffle(left, Vector128.Create(0u, 0, 1, 1)), Vector128.Shuffle(right, Vector128.Create(0u, 0, 1, 1)));

    /// <summary>The last two words of both, pair by pair.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> ZipHigh(Vector128<uint> left, Vector128<uint> right) => Alternate(
        Vector128.Shuffle(left, Vector128.Create(2u, 2, 3, 3)), Vector128.Shuffle(right, Vector128.Create(2u, 2, 3, 3)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Alternate(Vector128<uint> even, Vector128<uint> odd) =>
        Vector128.ConditionalSelect(Vector128.Create(uint.MaxValue, 0, uint.MaxValue, 0), even, odd);
}
