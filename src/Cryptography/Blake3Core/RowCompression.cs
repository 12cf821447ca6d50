using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Kimura.Cryptography.Blake3Core;

/// <summary>
/// The compression function with the state's four rows in four vectors, so that four mixing steps run at once. The words of the block are
/// moved into the order of the next round by a fixed pattern of shuffles (the paper, section 5.3).
/// </summary>
internal static class RowCompression
{
    public static bool IsSupported => Sse41.IsSupported;

    /// <summary>As <see cref="ScalarCompression.Compress"/>.</summary>
    [SkipLocalsInit]
    public static void Compress(ref uint state, ref byte block, uint blockLength, ulong counter, uint flags)
    {
        Vector128<uint> a = Vector128.LoadUnsafe(ref state), first = a;
        Vector128<uint> b = Vector128.LoadUnsafe(ref state, 4), second = b;
        Vector128<uint> c = Vector128.Create(Format.Iv0, Format.Iv1, Format.Iv2, Format.Iv3);
        Vector128<uint> d = Vector128.Create(unchecked((uint)counter), (uint)(counter >> 32), blockLength, flags);

        Vector128<uint> w0 = Vector128.LoadUnsafe(ref block).AsUInt32(), w1 = Vector128.LoadUnsafe(ref block, 16).AsUInt32();
        Vector128<uint> w2 = Vector128.LoadUnsafe(ref block, 32).AsUInt32(), w3 = Vector128.LoadUnsafe(ref block, 48).AsUInt32();
        Vector128<uint> m0 = Pick(w0, w1, 0b10_00_10_00);
        Vector128<uint> m1 = Pick(w0, w1, 0b11_01_11_01);
        Vector128<uint> m2 = Sse2.Shuffle(Pick(w2, w3, 0b10_00_10_00), 0b10_01_00_11);
        Vector128<uint> m3 = Sse2.Shuffle(Pick(w2, w3, 0b11_01_11_01), 0b10_01_00_11);
        for (int round = 1; ; round++)
        {
            Mix(ref a, ref b, ref c, ref d, m0, m1);
            a = Sse2.Shuffle(a, 0b10_01_00_11);
            d = Sse2.Shuffle(d, 0b01_00_11_10);
            c = Sse2.Shuffle(c, 0b00_11_10_01);
            Mix(ref a, ref b, ref c, ref d, m2, m3);
            a = Sse2.Shuffle(a, 0b00_11_10_01);
            d = Sse2.Shuffle(d, 0b01_00_11_10);
            c = Sse2.Shuffle(c, 0b10_01_00_11);
            if (round == Format.Rounds)
            {
                break;
            }

            Permute(ref m0, ref m1, ref m2, ref m3);
        }

        (a ^ c).StoreUnsafe(ref state);
        (b ^ d).StoreUnsafe(ref state, 4);
        (c ^ first).StoreUnsafe(ref state, 8);
        (d ^ second).StoreUnsafe(ref state, 12);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(
        ref Vector128<uint> a, ref Vector128<uint> b, ref Vector128<uint> c, ref Vector128<uint> d, Vector128<uint> x, Vector128<uint> y)
    {
        a = a + x + b;
        d = Rotations.RotateRight16(d ^ a);
        c += d;
        b = Rotations.RotateRight(b ^ c, 12);
        a = a + y + b;
        d = Rotations.RotateRight8(d ^ a);
        c += d;
        b = Rotations.RotateRight(b ^ c, 7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Permute(ref Vector128<uint> m0, ref Vector128<uint> m1, ref Vector128<uint> m2, ref Vector128<uint> m3)
    {
        Vector128<uint> n0 = Sse2.Shuffle(Pick(m0, m1, 0b11_01_01_10), 0b00_11_10_01);
        Vector128<uint> n1 = Blend(Sse2.Shuffle(m0, 0b00_00_11_11), Pick(m2, m3, 0b11_11_10_10), 0xCC);
        Vector128<uint> low = Sse2.UnpackLow(m3.AsUInt64(), m1.AsUInt64()).AsUInt32();
        Vector128<uint> n2 = Sse2.Shuffle(Blend(low, m2, 0xC0), 0b01_11_10_00);
        Vector128<uint> n3 = Sse2.Shuffle(Sse2.UnpackLow(m2, Sse2.UnpackHigh(m1, m3)), 0b00_01_11_10);
        (m0, m1, m2, m3) = (n0, n1, n2, n3);
    }

    /// <summary>Two words of each vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Pick(Vector128<uint> left, Vector128<uint> right, [ConstantExpected] byte control) =>
        Sse.Shuffle(left.AsSingle(), right.AsSingle(), control).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Blend(Vector128<uint> left, Vector128<uint> right, [ConstantExpected] byte control) =>
        Sse41.Blend(left.AsUInt16(), right.AsUInt16(), control).AsUInt32();
}
