using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Kimura.Libp2p.Gossip;

/// <summary>A message's id: SHA-256 of its data.</summary>
internal readonly record struct MessageKey(ulong A, ulong B, ulong C, ulong D)
{
    public const int Size = 32;

    public static MessageKey Of(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[Size];
        _ = SHA256.HashData(data, hash);
        return Read(hash);
    }

    /// <summary>False for another length.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out MessageKey key)
    {
        key = bytes.Length == Size ? Read(bytes) : default;
        return bytes.Length == Size;
    }

    public byte[] ToArray()
    {
        byte[] bytes = new byte[Size];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, A);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), B);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), C);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(24), D);
        return bytes;
    }

    private static MessageKey Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]));
}
