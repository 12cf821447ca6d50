using System.Security.Cryptography;
using System.Text;
using Kimura.Cryptography;

namespace Kimura.Libp2p.Noise;

/// <summary>
/// Noise_XX_25519_ChaChaPoly_SHA256 (Noise specification, revision 34): three messages, then two keys. Keys are taken over and disposed.
/// </summary>
internal sealed class NoiseHandshake : IDisposable
{
    private const int HashSize = 32;
    private const string Name = "Noise_XX_25519_ChaChaPoly_SHA256";
    private readonly bool _initiator;
    private readonly X25519PrivateKey _static;
    private readonly X25519PrivateKey _ephemeral;
    private readonly CipherState _cipher = new();
    private readonly byte[] _chainingKey;
    private readonly byte[] _hash;
    private byte[] _remoteEphemeral = [];
    private int _step;

    public NoiseHandshake(bool initiator, X25519PrivateKey staticKey, X25519PrivateKey ephemeralKey, ReadOnlySpan<byte> prologue)
    {
        (_initiator, _static, _ephemeral) = (initiator, staticKey, ephemeralKey);
        _chainingKey = Encoding.ASCII.GetBytes(Name);
        _hash = [.. _chainingKey];
        MixHash(prologue);
    }

    /// <summary>The other side's static key, once it has been read.</summary>
    public byte[] RemoteStatic { get; private set; } = [];

    /// <summary>The hash of all that was said.</summary>
    public ReadOnlySpan<byte> Hash => _hash;

    /// <summary>The next message, with a payload.</summary>
    public byte[] Write(ReadOnlySpan<byte> payload)
    {
        byte[] output = new byte[(2 * X25519PrivateKey.Size) + (2 * CipherState.TagSize) + payload.Length];
        int size = 0;
        if (_step < 2)
        {
            _ephemeral.PublicKey.CopyTo(output);
            MixHash(_ephemeral.PublicKey);
            size = X25519PrivateKey.Size;
        }

        if (_step == 1)
        {
            Require(TryMix(_ephemeral, _remoteEphemeral));
        }

        if (_step > 0)
        {
            size += SealAndHash(_static.PublicKey, output.AsSpan(size));
            Require(TryMix(_static, _remoteEphemeral));
        }

        size += SealAndHash(payload, output.AsSpan(size));
        _step++;
        return output[..size];
    }

    /// <summary>Reads the next message; null where it is not one.</summary>
    public byte[]? Read(ReadOnlySpan<byte> message)
    {
        if (_step < 2)
        {
            if (message.Length < X25519PrivateKey.Size)
            {
                return null;
            }

            _remoteEphemeral = message[..X25519PrivateKey.Size].ToArray();
            message = message[X25519PrivateKey.Size..];
            MixHash(_remoteEphemeral);
        }

        if (_step == 1 && !TryMix(_ephemeral, _remoteEphemeral))
        {
            return null;
        }

        if (_step > 0)
        {
            const int Sealed = X25519PrivateKey.Size + CipherState.TagSize;
            if (message.Length < Sealed || OpenAndHash(message[..Sealed]) is not { } remoteStatic || !TryMix(_ephemeral, remoteStatic))
            {
                return null;
            }

            RemoteStatic = remoteStatic;
            message = message[Sealed..];
        }

        byte[]? payload = OpenAndHash(message);
        _step++;
        return payload;
    }

    /// <summary>The two ciphers after the third message: to send with, to receive with.</summary>
    public (CipherState Send, CipherState Receive) Split()
    {
        Require(_step == 3);
        Span<byte> keys = stackalloc byte[2 * HashSize];
        Derive(_chainingKey, [], keys);
        CipherState first = new(), second = new();
        first.SetKey(keys[..HashSize]);
        second.SetKey(keys[HashSize..]);
        CryptographicOperations.ZeroMemory(keys);
        return _initiator ? (first, second) : (second, first);
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_chainingKey);
        _cipher.Dispose();
        _ephemeral.Dispose();
        _static.Dispose();
    }

    private static void Require(bool holds)
    {
        if (!holds)
        {
            throw new Libp2pException(Libp2pFailure.ProtocolViolation, "the Noise handshake cannot go on");
        }
    }

    /// <summary>
    /// Two keys (Noise specification, section 4.3). By HMAC itself: the platform's HKDF refuses the empty input that the last step has.
    /// </summary>
    private static void Derive(ReadOnlySpan<byte> chainingKey, ReadOnlySpan<byte> input, Span<byte> keys)
    {
        Span<byte> temporary = stackalloc byte[HashSize];
        Span<byte> second = stackalloc byte[HashSize + 1];
        _ = HMACSHA256.HashData(chainingKey, input, temporary);
        _ = HMACSHA256.HashData(temporary, [1], keys[..HashSize]);
        keys[..HashSize].CopyTo(second);
        second[HashSize] = 2;
        _ = HMACSHA256.HashData(temporary, second, keys[HashSize..]);
        CryptographicOperations.ZeroMemory(temporary);
        CryptographicOperations.ZeroMemory(second);
    }

    private void MixHash(ReadOnlySpan<byte> data)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(_hash);
        hash.AppendData(data);
        _ = hash.GetHashAndReset(_hash);
    }

    private bool TryMix(X25519PrivateKey key, ReadOnlySpan<byte> publicKey)
    {
        Span<byte> shared = stackalloc byte[X25519PrivateKey.Size];
        if (!key.TryAgree(publicKey, shared))
        {
            return false;
        }

        Span<byte> keys = stackalloc byte[2 * HashSize];
        Derive(_chainingKey, shared, keys);
        keys[..HashSize].CopyTo(_chainingKey);
        _cipher.SetKey(keys[HashSize..]);
        CryptographicOperations.ZeroMemory(keys);
        CryptographicOperations.ZeroMemory(shared);
        return true;
    }

    private int SealAndHash(ReadOnlySpan<byte> plain, Span<byte> output)
    {
        int size = _cipher.Seal(plain, output, _cipher.HasKey ? _hash : default);
        MixHash(output[..size]);
        return size;
    }

    private byte[]? OpenAndHash(ReadOnlySpan<byte> sealedBytes)
    {
        byte[] output = new byte[sealedBytes.Length];
        int size = _cipher.Open(sealedBytes, output, _cipher.HasKey ? _hash : default);
        if (size < 0)
        {
            return null;
        }

        MixHash(sealedBytes);
        return output[..size];
    }
}
