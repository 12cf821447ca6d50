using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Kimura.Storage.SignGuard;

/// <summary>
/// One of the file's two slots, 89 bytes at the start of 4,096 (so that no write touches the page of the other): <c>"KIMSIGN" ++ version (1) ++
/// sequence (8) ++ kind (1: 0 nothing recorded, 1 a block) ++ height (8) ++ hash (32) ++ SHA-256 of all before</c>. Integers are
/// big-endian. Slot number = sequence mod 2; the valid slot with the higher sequence counts.
/// </summary>
internal sealed record GuardSlot(ulong Sequence, SignedBlock? Block)
{
    /// <summary>Bytes written for a slot.</summary>
    internal const int Size = 89;

    /// <summary>Bytes from one slot to the next.</summary>
    internal const int Stride = 4096;

    /// <summary>Bytes of the whole file.</summary>
    internal const int FileSize = 2 * Stride;

    /// <summary>Bytes of a block hash.</summary>
    internal const int HashSize = 32;

    private const int SequenceAt = 8;
    private const int KindAt = 16;
    private const int HeightAt = 17;
    private const int HashAt = 25;
    private const int ChecksumAt = 57;

    private static ReadOnlySpan<byte> Magic => "KIMSIGN\u0001"u8;

    /// <summary>Where in the file the slot stands.</summary>
    internal long Offset => (long)(Sequence % 2) * Stride;

    /// <summary>The bytes of the slot.</summary>
    internal byte[] Encode()
    {
        var bytes = new byte[Size];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(SequenceAt), Sequence);
        if (Block is { } block)
        {
            bytes[KindAt] = 1;
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(HeightAt), block.Height);
            block.Hash.Span.CopyTo(bytes.AsSpan(HashAt, HashSize));
        }

        SHA256.HashData(bytes.AsSpan(0, ChecksumAt), bytes.AsSpan(ChecksumAt));
        return bytes;
    }

    /// <summary>The slot in the file's bytes, or null where it is damaged.</summary>
    internal static GuardSlot? Decode(ReadOnlySpan<byte> file, int number)
    {
        var bytes = file.Slice(number * Stride, Size);
        Span<byte> checksum = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes[..ChecksumAt], checksum);
        if (!bytes.StartsWith(Magic) || !checksum.SequenceEqual(bytes[ChecksumAt..]))
            return null;

        var height = BinaryPrimitives.ReadUInt64BigEndian(bytes[HeightAt..]);
        SignedBlock? block = bytes[KindAt] == 0 ? null : new SignedBlock(height, bytes.Slice(HashAt, HashSize).ToArray());
        var slot = new GuardSlot(BinaryPrimitives.ReadUInt64BigEndian(bytes[SequenceAt..]), block);
        return slot.Offset == number * Stride ? slot : null;
    }
}
