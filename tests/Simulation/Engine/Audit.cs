using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Kimura.Cryptography;

namespace Kimura.Tests.Simulation.Engine;

/// <summary>One hash over all that happened, with its times; and, where asked for, the same to read.</summary>
internal sealed class Audit(World world, TextWriter? trace)
{
    private readonly Blake3Hasher _hasher = Blake3Hasher.Create();
    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _used;

    public bool IsTraced => trace is not null;

    /// <summary>Notes something worth reading.</summary>
    public void Note(string what)
    {
        Add((ulong)world.Now);
        Span<byte> bytes = stackalloc byte[512];
        Encoding.UTF8.TryGetBytes(what.AsSpan(0, Math.Min(what.Length, 128)), bytes, out var written);
        Add(bytes[..written]);
        Trace(what);
    }

    /// <summary>Notes numbers: what happens too often to be written out.</summary>
    public void Note(ulong kind, ulong number, ReadOnlySpan<byte> bytes = default)
    {
        Add((ulong)world.Now);
        Add(kind);
        Add(number);
        Add(bytes);
    }

    /// <summary>Only to read, no part of the hash.</summary>
    public void Trace(string what) => trace?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{world.Time.TotalSeconds,10:F6} {what}"));

    public string Finish()
    {
        Add((ulong)world.Steps);
        _hasher.Update(_buffer.AsSpan(0, _used));
        Span<byte> hash = stackalloc byte[Blake3.HashSize];
        _hasher.Finish(hash);
        return Convert.ToHexStringLower(hash[..16]);
    }

    private void Add(ulong number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, number);
        Add(bytes);
    }

    private void Add(ReadOnlySpan<byte> bytes)
    {
        if (_used + bytes.Length > _buffer.Length)
        {
            _hasher.Update(_buffer.AsSpan(0, _used));
            _used = 0;
        }

        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }
}
