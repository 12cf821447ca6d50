using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Kimura.Libp2p.Noise;

/// <summary>A key and its counter (Noise specification, section 5.1). Without a key it passes bytes through.</summary>
internal sealed class CipherState : IDisposable
{
    /// <summary>Bytes that sealing adds.</summary>
    public const int TagSize = 16;

    private const int NonceSize = 12;
    private ChaCha20Poly1305? _cipher;
    private ulong _nonce;

    public bool HasKey => _cipher is not null;

    public void SetKey(ReadOnlySpan<byte> key)
    {
        _cipher?.Dispose();
        _cipher = new ChaCha20Poly1305(key);
        _nonce = 0;
    }

    /// <summary>Seals into <paramref name="output"/> and returns the size; in place is allowed.</summary>
    /// <exception cref="Libp2pException">The counter is used up.</exception>
    public int Seal(ReadOnlySpan<byte> plain, Span<byte> output, ReadOnlySpan<byte> associated)
    {
        if (_cipher is null)
        {
            plain.CopyTo(output);
            return plain.Length;
        }

        Span<byte> nonce = stackalloc byte[NonceSize];
        NextNonce(nonce);
        _cipher.Encrypt(nonce, plain, output[..plain.Length], output.Slice(plain.Length, TagSize), associated);
        return plain.Length + TagSize;
    }

    /// <summary>Opens into <paramref name="output"/> and returns the size, or -1 where the bytes are not what was sealed.</summary>
    /// <exception cref="Libp2pException">The counter is used up.</exception>
    public int Open(ReadOnlySpan<byte> sealedBytes, Span<byte> output, ReadOnlySpan<byte> associated)
    {
        if (_cipher is null)
        {
            sealedBytes.CopyTo(output);
            return sealedBytes.Length;
        }

        int size = sealedBytes.Length - TagSize;
        if (size < 0)
        {
            return -1;
        }

        Span<byte> nonce = stackalloc byte[NonceSize];
        NextNonce(nonce);
        try
        {
            _cipher.Decrypt(nonce, sealedBytes[..size], sealedBytes[size..], output[..size], associated);
            return size;
        }
        catch (AuthenticationTagMismatchException)
        {
            return -1;
        }
    }

    public void Dispose() => _cipher?.Dispose();

    private void NextNonce(Span<byte> nonce)
    {
        if (_nonce == ulong.MaxValue)
        {
            throw new Libp2pException(Libp2pFailure.ProtocolViolation, "a Noise key has been used too often");
        }

        nonce[..4].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(nonce[4..], _nonce++);
    }
}
