using System.Buffers.Binary;
using System.Numerics;

namespace Kimura.Tests.Simulation.Engine;

/// <summary>
/// The one source of chance of a history (xoshiro256**, seeded with splitmix64): the same on every machine and in every version of .NET,
/// which <see cref="Random"/> does not promise.
/// </summary>
internal sealed class SimRandom
{
    private ulong _a;
    private ulong _b;
    private ulong _c;
    private ulong _d;

    public SimRandom(ulong seed) => (_a, _b, _c, _d) = (Split(ref seed), Split(ref seed), Split(ref seed), Split(ref seed));

    /// <summary>A source of its own, so that what draws more from one does not change what another draws.</summary>
    public SimRandom Fork() => new(NextUInt64());

    public ulong NextUInt64()
    {
        unchecked
        {
            ulong result = BitOperations.RotateLeft(_b * 5, 7) * 9, t = _b << 17;
            _c ^= _a;
            _d ^= _b;
            _b ^= _c;
            _a ^= _d;
            _c ^= t;
            _d = BitOperations.RotateLeft(_d, 45);
            return result;
        }
    }

    /// <summary>From 0 to below <paramref name="limit"/>.</summary>
    public int Next(int limit) => (int)Math.BigMul(NextUInt64(), (ulong)limit, out _);

    /// <summary>From <paramref name="from"/> to below <paramref name="to"/>.</summary>
    public int Next(int from, int to) => from + Next(to - from);

    /// <summary>From 0 to below 1.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1ul << 53));

    public bool Chance(double probability) => NextDouble() < probability;

    public TimeSpan Between(TimeSpan from, TimeSpan to) => from + ((to - from) * NextDouble());

    /// <summary>A time until the next of things that happen by chance, so often on average; at most eight times that.</summary>
    public TimeSpan Waiting(TimeSpan average) => average * Math.Min(8, -Math.Log(1 - NextDouble()));

    public T Pick<T>(IReadOnlyList<T> from) => from[Next(from.Count)];

    public void Fill(Span<byte> destination)
    {
        while (destination.Length >= sizeof(ulong))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(destination, NextUInt64());
            destination = destination[sizeof(ulong)..];
        }

        if (!destination.IsEmpty)
        {
            Span<byte> rest = stackalloc byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64LittleEndian(rest, NextUInt64());
            rest[..destination.Length].CopyTo(destination);
        }
    }

    public byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        Fill(bytes);
        return bytes;
    }

    private static ulong Split(ref ulong state)
    {
        unchecked
        {
            var z = state += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
