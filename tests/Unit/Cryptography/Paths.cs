using Kimura.Cryptography.Blake3Core;
using Xunit;

namespace Kimura.Tests.Unit.Cryptography;

/// <summary>The BLAKE3 paths to test here.</summary>
internal static class Paths
{
    /// <summary>Every path that this machine can run; says which it cannot.</summary>
    public static IEnumerable<SimdPath> All(ITestOutputHelper output)
    {
        foreach (SimdPath path in Enum.GetValues<SimdPath>())
        {
            bool supported = SimdPaths.IsSupported(path);
            output.WriteLine($"{path}: {(supported ? "tested" : "not on this machine")}");
            if (supported)
            {
                yield return path;
            }
        }
    }
}
