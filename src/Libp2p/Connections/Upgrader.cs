using Kimura.Libp2p.Identities;
using Kimura.Libp2p.Muxing;
using Kimura.Libp2p.Negotiation;
using Kimura.Libp2p.Noise;
using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p.Connections;

/// <summary>
/// Makes a multiplexed connection with a known peer out of a plain one (libp2p/specs, connections). The caller bounds the time.
/// </summary>
internal sealed class Upgrader(HostOptions options)
{
    private const string NoiseProtocol = "/noise";
    private const string YamuxProtocol = "/yamux/1.0.0";

    private readonly NoiseUpgrade _noise = new(options.Identity, options.FillRandom, [YamuxProtocol]);
    private readonly YamuxOptions _yamux = new()
    {
        MaxInboundStreams = options.Limits.StreamsPerPeer,
        KeepAlive = options.Limits.KeepAlive,
        StallLimit = options.Limits.KeepAlive,
        Beat = options.Limits.KeepAlive / 2,
        Budget = new BufferBudget(options.Limits.Buffered, options.Limits.Connections),
        MaxBuffered = options.Limits.BufferedPerPeer,
        MaxWindow = Math.Max(YamuxOptions.InitialWindow, Math.Min(options.Limits.BufferedPerPeer, 16 * 1024 * 1024)),
    };

    public async Task<PeerConnection> DialerAsync(
        ITransportConnection raw, PeerId expected, Action<PeerConnection, IDuplex> onStream, CancellationToken cancellation)
    {
        SecuredConnection secured = await _noise.InitiateAsync(new ProposedDuplex(raw, NoiseProtocol), expected, cancellation);
        IDuplex plain = secured.Muxer is null ? new ProposedDuplex(secured.Stream, YamuxProtocol) : secured.Stream;
        return Multiplex(raw, secured, plain, dialer: true, onStream);
    }

    public async Task<PeerConnection> ListenerAsync(
        ITransportConnection raw, Action<PeerConnection, IDuplex> onStream, CancellationToken cancellation)
    {
        _ = await Multistream.AcceptAsync(raw, static protocol => protocol == NoiseProtocol, cancellation);
        SecuredConnection secured = await _noise.RespondAsync(raw, cancellation);
        if (secured.Muxer is null)
        {
            _ = await Multistream.AcceptAsync(secured.Stream, static protocol => protocol == YamuxProtocol, cancellation);
        }

        return Multiplex(raw, secured, secured.Stream, dialer: false, onStream);
    }

    private PeerConnection Multiplex(
        ITransportConnection raw, SecuredConnection secured, IDuplex plain, bool dialer, Action<PeerConnection, IDuplex> onStream)
    {
        PeerConnection connection = new(secured.RemoteKey, raw.RemoteAddress, dialer, options.Limits, options.Time);
        connection.Session = new YamuxSession(plain, dialer, _yamux, options.Time, stream => onStream(connection, stream));
        return connection;
    }
}
