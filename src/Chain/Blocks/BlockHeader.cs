using System.Buffers.Binary;
using Kimura.Cryptography;

namespace Kimura.Chain.Blocks;

/// <summary>
/// A block's header (protocol section 3), 177 bytes: height 8, timestamp 8 (milliseconds since the Unix epoch), prev_hash 32,
/// message_root 32, producer_pubkey 33, producer_sig 64.
/// </summary>
public readonly record struct BlockHeader(
    ulong Height, ulong Timestamp, BlockHash PrevHash, Hash32 MessageRoot, PublicKey Producer, Signature ProducerSignature)
{
    /// <summary>Bytes of the encoding.</summary>
    public const int Size = HashedSize + PublicKey.Size + Signature.Size;

    private const int PrevAt = 16;
    private const int RootAt = PrevAt + Hash32.Size;
    private const int HashedSize = RootAt + Hash32.Size;
    private const int SignatureAt = HashedSize + PublicKey.Size;

    /// <summary><c>blake3(height ++ timestamp ++ prev_hash ++ message_root)</c>; also what the producer signs.</summary>
    public BlockHash ComputeHash()
    {
        Span<byte> bytes = stackalloc byte[Size];
        WriteTo(bytes);
        Span<byte> hash = stackalloc byte[Hash32.Size];
        Blake3.Hash(bytes[..HashedSize], hash);
        return new BlockHash(new Hash32(hash));
    }

    /// <summary>True if the producer's signature fits the hash and the key in the header.</summary>
    public bool HasValidSignature(BlockHash hash)
    {
        Span<byte> digest = stackalloc byte[Hash32.Size];
        Span<byte> key = stackalloc byte[PublicKey.Size];
        Span<byte> signature = stackalloc byte[Signature.Size];
        hash.Value.CopyTo(digest);
        Producer.CopyTo(key);
        ProducerSignature.CopyTo(signature);
        return Secp256k1.Verify(key, digest, signature);
    }

    /// <summary>Writes the 177 bytes.</summary>
    public void WriteTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, Height);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Timestamp);
        PrevHash.Value.CopyTo(destination[PrevAt..]);
        MessageRoot.CopyTo(destination[RootAt..]);
        Producer.CopyTo(destination[HashedSize..]);
        ProducerSignature.CopyTo(destination[SignatureAt..]);
    }

    /// <summary>Reads exactly 177 bytes.</summary>
    public static BlockHeader Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64BigEndian(bytes),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
        new BlockHash(new Hash32(bytes[PrevAt..RootAt])),
        new Hash32(bytes[RootAt..HashedSize]),
        new PublicKey(bytes[HashedSize..SignatureAt]),
        new Signature(bytes[SignatureAt..Size]));
}
