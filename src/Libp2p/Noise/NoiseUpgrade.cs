using System.Buffers.Binary;
using System.Security.Cryptography;
using Kimura.Cryptography;
using Kimura.Libp2p.Identities;
using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p.Noise;

/// <summary>Secures a connection with Noise XX as libp2p does (libp2p/specs, noise). The caller bounds the time.</summary>
internal sealed class NoiseUpgrade(Identity identity, FillRandom fillRandom, IReadOnlyList<string> muxers)
{
    /// <summary>Most bytes of a handshake message: a key, a signature and a few names fit many times over.</summary>
    public const int MaxHandshakeMessage = 4096;

    private const int Prefix = sizeof(ushort);

    /// <summary>Opens the handshake; the expected peer, where one is named, must be the one that answers.</summary>
    /// <exception cref="Libp2pException">It fails.</exception>
    public async ValueTask<SecuredConnection> InitiateAsync(IDuplex connection, PeerId expected, CancellationToken cancellation)
    {
        using NoiseHandshake handshake = Start(initiator: true, out byte[] staticKey);
        await SendAsync(connection, handshake.Write([]), cancellation);
        NoisePayload remote = Verified(handshake, await ReceiveAsync(connection, handshake, cancellation), expected);
        await SendAsync(connection, handshake.Write(NoisePayload.Encode(identity, staticKey, muxers)), cancellation);
        return Finish(connection, handshake, remote, Choose(muxers, remote.Muxers));
    }

    /// <summary>Answers the handshake.</summary>
    /// <exception cref="Libp2pException">It fails.</exception>
    public async ValueTask<SecuredConnection> RespondAsync(IDuplex connection, CancellationToken cancellation)
    {
        using NoiseHandshake handshake = Start(initiator: false, out byte[] staticKey);
        _ = await ReceiveAsync(connection, handshake, cancellation);
        await SendAsync(connection, handshake.Write(NoisePayload.Encode(identity, staticKey, muxers)), cancellation);
        NoisePayload remote = Verified(handshake, await ReceiveAsync(connection, handshake, cancellation), default);
        return Finish(connection, handshake, remote, Choose(remote.Muxers, muxers));
    }

    private static async ValueTask SendAsync(IDuplex connection, byte[] message, CancellationToken cancellation)
    {
        byte[] frame = new byte[Prefix + message.Length];
        BinaryPrimitives.WriteUInt16BigEndian(frame, (ushort)message.Length);
        message.CopyTo(frame, Prefix);
        await connection.WriteAsync(frame, cancellation);
    }

    private static async ValueTask<byte[]> ReceiveAsync(IDuplex connection, NoiseHandshake handshake, CancellationToken cancellation)
    {
        byte[] prefix = new byte[Prefix];
        await connection.ReadExactlyAsync(prefix, cancellation);
        int length = BinaryPrimitives.ReadUInt16BigEndian(prefix);
        if (length > MaxHandshakeMessage)
        {
            throw new Libp2pException(Libp2pFailure.LimitExceeded, $"a handshake message of {length} bytes was announced");
        }

        byte[] message = new byte[length];
        await connection.ReadExactlyAsync(message, cancellation);
        return handshake.Read(message)
            ?? throw new Libp2pException(Libp2pFailure.ProtocolViolation, "a Noise handshake message does not open");
    }

    private static NoisePayload Verified(NoiseHandshake handshake, byte[] payload, PeerId expected)
    {
        NoisePayload remote = NoisePayload.TryDecode(payload, handshake.RemoteStatic)
            ?? throw new Libp2pException(Libp2pFailure.IdentityMismatch, "the other side does not prove who it is");
        if (!expected.IsEmpty && remote.Key.Id != expected)
        {
            throw new Libp2pException(Libp2pFailure.IdentityMismatch, $"{remote.Key.Id} answered where {expected} was dialled");
        }

        return remote;
    }

    /// <summary>The first of the initiator's list that both have; null where a side lists none, so that it is agreed on later.</summary>
    private static string? Choose(IReadOnlyList<string> initiators, IReadOnlyList<string> responders)
    {
        if (initiators.Count == 0 || responders.Count == 0)
        {
            return null;
        }

        return initiators.FirstOrDefault(responders.Contains)
            ?? throw new Libp2pException(Libp2pFailure.ProtocolNotSupported, "no multiplexer in common");
    }

    private static SecuredConnection Finish(IDuplex connection, NoiseHandshake handshake, NoisePayload remote, string? muxer)
    {
        (CipherState send, CipherState receive) = handshake.Split();
        return new SecuredConnection(new NoiseDuplex(connection, send, receive), remote.Key, muxer);
    }

    private NoiseHandshake Start(bool initiator, out byte[] staticKey)
    {
        byte[] secrets = new byte[2 * X25519PrivateKey.Size];
        fillRandom(secrets);
        X25519PrivateKey key = X25519PrivateKey.FromBytes(secrets.AsSpan(0, X25519PrivateKey.Size));
        X25519PrivateKey ephemeral = X25519PrivateKey.FromBytes(secrets.AsSpan(X25519PrivateKey.Size));
        CryptographicOperations.ZeroMemory(secrets);
        staticKey = key.PublicKey.ToArray();
        return new NoiseHandshake(initiator, key, ephemeral, []);
    }
}

/// <summary>A connection whose other side has proved who it is.</summary>
/// <param name="Stream">The sealed bytes.</param>
/// <param name="RemoteKey">Whose they are.</param>
/// <param name="Muxer">The multiplexer agreed on in the handshake, or null.</param>
internal sealed record SecuredConnection(IDuplex Stream, PublicKey RemoteKey, string? Muxer);
