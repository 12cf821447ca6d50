using System.Buffers;
using System.Buffers.Binary;
using Kimura.Cryptography;

namespace Kimura.Chain.Messages;

/// <summary>
/// A message as its canonical encoding (protocol section 2): public key 33, nonce 8, timestamp 8, signature 64, content length 4,
/// content. A view over bytes that were checked once for shape; nothing is copied or encoded again.
/// </summary>
public readonly struct Message
{
    /// <summary>Bytes before the content.</summary>
    public const int HeaderSize = PublicKey.Size + 8 + 8 + Secp256k1.SignatureSize + 4;

    private const int NonceAt = PublicKey.Size;
    private const int TimestampAt = NonceAt + 8;
    private const int SignatureAt = TimestampAt + 8;
    private const int LengthAt = SignatureAt + Secp256k1.SignatureSize;

    private Message(ReadOnlyMemory<byte> encoding) => Encoding = encoding;

    /// <summary>The canonical bytes.</summary>
    public ReadOnlyMemory<byte> Encoding { get; }

    /// <summary>The sender's key, 33 bytes.</summary>
    public PublicKey Sender => new(Encoding.Span[..PublicKey.Size]);

    /// <summary>The sender's counter.</summary>
    public ulong Nonce => BinaryPrimitives.ReadUInt64BigEndian(Encoding.Span[NonceAt..]);

    /// <summary>When the leader took it, in milliseconds since the Unix epoch; 0 before that.</summary>
    public ulong Timestamp => BinaryPrimitives.ReadUInt64BigEndian(Encoding.Span[TimestampAt..]);

    /// <summary>The sender's signature, 64 bytes.</summary>
    public ReadOnlySpan<byte> Signature => Encoding.Span[SignatureAt..LengthAt];

    /// <summary>The content.</summary>
    public ReadOnlySpan<byte> Content => Encoding.Span[HeaderSize..];

    /// <summary><c>blake3(public_key ++ nonce)</c>.</summary>
    public MessageId ComputeId()
    {
        Span<byte> hash = stackalloc byte[Hash32.Size];
        Blake3.Hash(Encoding.Span[..TimestampAt], hash);
        return new MessageId(new Hash32(hash));
    }

    /// <summary><c>blake3(message encoding)</c>.</summary>
    public MessageHash ComputeHash()
    {
        Span<byte> hash = stackalloc byte[Hash32.Size];
        Blake3.Hash(Encoding.Span, hash);
        return new MessageHash(new Hash32(hash));
    }

    /// <summary>The id of the message that a sender numbers so.</summary>
    public static MessageId IdOf(PublicKey sender, ulong nonce)
    {
        Span<byte> input = stackalloc byte[TimestampAt];
        sender.CopyTo(input);
        BinaryPrimitives.WriteUInt64BigEndian(input[NonceAt..], nonce);
        Span<byte> hash = stackalloc byte[Hash32.Size];
        Blake3.Hash(input, hash);
        return new MessageId(new Hash32(hash));
    }

    /// <summary>True if the key parses and the signature is low-S and fits the signing digest of this chain.</summary>
    public bool HasValidSignature(ChainParameters parameters)
    {
        Span<byte> digest = stackalloc byte[Hash32.Size];
        var bytes = Encoding.Span;
        SigningDigest(parameters, bytes[..PublicKey.Size], Nonce, Content, digest);
        return Secp256k1.Verify(bytes[..PublicKey.Size], digest, Signature);
    }

    /// <summary>Writes the 32-byte digest that a sender signs: <c>blake3(public_key ++ nonce ++ content)</c>, keyed where the chain has an id.</summary>
    public static void SigningDigest(ChainParameters parameters, ReadOnlySpan<byte> sender, ulong nonce, ReadOnlySpan<byte> content, Span<byte> digest)
    {
        const int StackLimit = 1024;
        var length = TimestampAt + content.Length;
        var rented = length > StackLimit ? ArrayPool<byte>.Shared.Rent(length) : null;
        var input = rented is null ? stackalloc byte[StackLimit] : rented;
        input = input[..length];
        sender.CopyTo(input);
        BinaryPrimitives.WriteUInt64BigEndian(input[NonceAt..], nonce);
        content.CopyTo(input[TimestampAt..]);
        if (parameters.SigningKey.IsEmpty)
        {
            Blake3.Hash(input, digest);
        }
        else
        {
            Blake3.KeyedHash(parameters.SigningKey, input, digest);
        }

        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Bytes of the encoding of a message with so much content.</summary>
    public static int EncodedSize(int contentLength) => HeaderSize + contentLength;

    /// <summary>Writes an encoding; <paramref name="destination"/> has <see cref="EncodedSize"/> bytes.</summary>
    /// <exception cref="ArgumentException">The destination, the sender (33 bytes) or the signature (64) has another length.</exception>
    public static void Encode(
        Span<byte> destination, ReadOnlySpan<byte> sender, ulong nonce, ulong timestamp, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> content)
    {
        RequireLength(destination, EncodedSize(content.Length), nameof(destination));
        RequireLength(sender, PublicKey.Size, nameof(sender));
        RequireLength(signature, Secp256k1.SignatureSize, nameof(signature));
        sender.CopyTo(destination[..PublicKey.Size]);
        BinaryPrimitives.WriteUInt64BigEndian(destination[NonceAt..], nonce);
        Stamp(destination, timestamp);
        signature.CopyTo(destination[SignatureAt..LengthAt]);
        BinaryPrimitives.WriteUInt32BigEndian(destination[LengthAt..], (uint)content.Length);
        content.CopyTo(destination[HeaderSize..]);
    }

    /// <summary>Sets the timestamp in an encoding: only the leader does.</summary>
    public static void Stamp(Span<byte> encoding, ulong timestamp) => BinaryPrimitives.WriteUInt64BigEndian(encoding[TimestampAt..], timestamp);

    /// <summary>Reads the message at the start of <paramref name="bytes"/>, which may go on behind it.</summary>
    /// <returns>False if the bytes end early or the content is over <paramref name="maxContent"/>.</returns>
    public static bool TryReadFirst(ReadOnlyMemory<byte> bytes, int maxContent, out Message message)
    {
        message = default;
        if (bytes.Length < HeaderSize)
        {
            return false;
        }

        var content = BinaryPrimitives.ReadUInt32BigEndian(bytes.Span[LengthAt..]);
        if (content > (uint)maxContent || content > bytes.Length - HeaderSize)
        {
            return false;
        }

        message = new Message(bytes[..(HeaderSize + (int)content)]);
        return true;
    }

    /// <summary>Reads an encoding with nothing behind it.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, int maxContent, out Message message) =>
        TryReadFirst(bytes, maxContent, out message) && message.Encoding.Length == bytes.Length;

    private static void RequireLength(ReadOnlySpan<byte> bytes, int length, string name)
    {
        if (bytes.Length != length)
        {
            throw new ArgumentException($"{length} bytes are needed, not {bytes.Length}", name);
        }
    }
}
