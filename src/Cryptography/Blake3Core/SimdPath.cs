using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Kimura.Cryptography.Blake3Core;

/// <summary>Which code hashes: a machine can run every path that <see cref="SimdPaths.IsSupported"/> says, all with one result.</summary>
internal enum SimdPath
{
    /// <summary>Integer code alone.</summary>
    Scalar = 1,

    /// <summary>Up to four chunks or parents at once, in 128-bit vectors.</summary>
    Lanes4 = 4,

    /// <summary>Up to eight at once, in 256-bit vectors.</summary>
    Lanes8 = 8,
}

/// <summary>What this machine can do.</summary>
internal static class SimdPaths
{
    /// <summary>The fastest path here; a constant to the compiler.</summary>
    public static SimdPath Best =>
        IsSupported(SimdPath.Lanes8) ? SimdPath.Lanes8 : IsSupported(SimdPath.Lanes4) ? SimdPath.Lanes4 : SimdPath.Scalar;

    /// <summary>The vector paths read words as they lie in memory, so a big-endian machine has the scalar one only.</summary>
    public static bool IsSupported(SimdPath path) => path switch
    {
        SimdPath.Lanes8 => BitConverter.IsLittleEndian && Avx2.IsSupported,
        SimdPath.Lanes4 => BitConverter.IsLittleEndian && Vector128.IsHardwareAccelerated,
        _ => true,
    };
}
