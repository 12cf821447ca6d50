using System.Buffers.Binary;
using System.Security.Cryptography;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Identities;
using Kimura.Libp2p.Muxing;
using Kimura.Libp2p.Negotiation;
using Kimura.Libp2p.Noise;
using Kimura.Libp2p.Transports;

namespace Kimura.Tests.Unit.Libp2p;

/// <summary>A peer that finishes the handshakes and then says whatever a test wants.</summary>
internal sealed class RawPeer(IDuplex secured) : IAsyncDisposable
{
    public IDuplex Stream => secured;

    public static async Task<RawPeer> ConnectAsync(ITransport transport, Multiaddress address)
    {
        ITransportConnection raw = await transport.DialAsync(address, CancellationToken.None);
        NoiseUpgrade noise = new(Hosts.NewIdentity(), RandomNumberGenerator.Fill, ["/yamux/1.0.0"]);
        using CancellationTokenSource patience = new(Hosts.Patience);
        SecuredConnection connection = await noise.InitiateAsync(new ProposedDuplex(raw, "/noise"), PeerIdOf(address), patience.Token);
        return new RawPeer(connection.Stream);
    }

    public ValueTask SendAsync(int type, int flags, uint stream, uint length, ReadOnlySpan<byte> data = default)
    {
        byte[] frame = new byte[YamuxHeader.Size + data.Length];
        frame[1] = (byte)type;
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)flags);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(4), stream);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(8), length);
        data.CopyTo(frame.AsSpan(YamuxHeader.Size));
        return secured.WriteAsync(frame);
    }

    /// <summary>Reads until the other side ends the connection.</summary>
    public async Task UntilDroppedAsync()
    {
        using CancellationTokenSource patience = new(Hosts.Patience);
        byte[] buffer = new byte[4096];
        try
        {
            while (await secured.ReadAsync(buffer, patience.Token) > 0)
            {
                // What it says does not matter.
            }
        }
        catch (Kimura.Libp2p.Libp2pException)
        {
            // Dropped.
        }
    }

    public ValueTask DisposeAsync() => secured.DisposeAsync();

    private static PeerId PeerIdOf(Multiaddress address) => address.Peer;
}
