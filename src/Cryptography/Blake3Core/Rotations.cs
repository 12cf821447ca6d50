using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Kimura.Cryptography.Blake3Core;

/// <summary>
/// Rotations of vectors of words. AVX-512 has them as one instruction; below it, whole bytes move fastest by a byte shuffle.
/// </summary>
internal static class Rotations
{
    private static Vector128<byte> ByteOrder16 => Vector128.Create((byte)2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);

    private static Vector128<byte> ByteOrder8 => Vector128.Create((byte)1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> RotateRight(Vector128<uint> value, [ConstantExpected] byte count) =>
        Avx512F.VL.IsSupported ? Avx512F.VL.RotateRight(value, count) : (value >>> count) | (value << (32 - count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> RotateRight16(Vector128<uint> value) =>
        Avx512F.VL.IsSupported || !Ssse3.IsSupported
            ? RotateRight(value, 16)
            : Ssse3.Shuffle(value.AsByte(), ByteOrder16).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> RotateRight8(Vector128<uint> value) =>
        Avx512F.VL.IsSupported || !Ssse3.IsSupported
            ? RotateRight(value, 8)
            : Ssse3.Shuffle(value.AsByte(), ByteOrder8).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> RotateRight(Vector256<uint> value, [ConstantExpected] byte count) =>
        Avx512F.VL.IsSupported ? Avx512F.VL.RotateRight(value, count) : (value >>> count) | (value << (32 - count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> RotateRight16(Vector256<uint> value) =>
        Avx512F.VL.IsSupported || !Avx2.IsSupported
            ? RotateRight(value, 16)
            : Avx2.Shuffle(value.AsByte(), Vector256.Create(ByteOrder16, ByteOrder16)).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> RotateRight8(Vector256<uint> value) =>
        Avx512F.VL.IsSupported || !Avx2.IsSupported
            ? RotateRight(value, 8)
            : Avx2.Shuffle(value.AsByte(), Vector256.Create(ByteOrder8, ByteOrder8)).AsUInt32();
}
