using System.Runtime.InteropServices;

namespace Kimura.Tests.Simulation.Disk;

/// <summary>Keys by their bytes, looked up by a span too. The hash is the same in every process.</summary>
internal sealed class ByteKeys : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public static readonly ByteKeys Instance = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

    // Keys end in hashes or heights: their last bytes tell them apart.
    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        unchecked
        {
            var hash = (ulong)alternate.Length;
            if (alternate.Length >= sizeof(ulong))
            {
                hash ^= MemoryMarshal.Read<ulong>(alternate[^sizeof(ulong)..]);
            }
            else
            {
                foreach (var one in alternate)
                {
                    hash = (hash << 8) | one;
                }
            }

            hash *= 0x9E3779B97F4A7C15;
            return (int)(hash >> 32);
        }
    }
}
