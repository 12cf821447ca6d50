using Kimura.Libp2p;
using Kimura.Libp2p.Identities;
using Kimura.Silo.Configuration;
using Kimura.Silo.Hosting;
using Kimura.Silo.Network;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Repair;

/// <summary>
/// The network as far as a node needs it to mend its database before it serves anybody: it dials the configured nodes, asks, and listens to
/// nobody. Nothing is begun before something is asked for.
/// </summary>
internal sealed class RepairSession(
    Identity identity, NodeConfiguration configuration, NodePorts ports, ILoggerFactory logging) : IChainSource, IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private readonly HashSet<PeerId> _blamed = [];
    private Libp2pHost? _host;
    private SyncClient? _client;
    private bool _isAlone;

    /// <summary>Whether there is anybody to ask.</summary>
    public bool HasPeers => configuration.LeaderAddresses.Count > 0;

    public SyncClient Client => _client ?? throw new InvalidOperationException("nobody was chosen to be asked");

    public async Task<PeerId?> ChooseAsync(ulong height, IReadOnlySet<PeerId> asked, CancellationToken cancellation)
    {
        if (!HasPeers)
        {
            return null;
        }

        await StartAsync(cancellation);
        var began = ports.Time.GetTimestamp();
        while (true)
        {
            if (_host!.Connections.FirstOrDefault(connection => !asked.Contains(connection.Peer) && !_blamed.Contains(connection.Peer)) is { } connection)
            {
                _isAlone = false;
                return connection.Peer;
            }

            // Somebody was there, or nobody came the last time: no use in waiting again.
            if (asked.Count > 0 || _isAlone || ports.Time.GetElapsedTime(began) > Patience)
            {
                _isAlone |= asked.Count == 0;
                return null;
            }

            await Task.Delay(Look, ports.Time, cancellation);
        }
    }

    public void Blame(PeerId peer, string why) => _blamed.Add(peer);

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }
    }

    private async Task StartAsync(CancellationToken cancellation)
    {
        if (_host is not null)
        {
            return;
        }

        _host = new Libp2pHost(new HostOptions
        {
            Identity = identity,
            Transport = ports.Transport,
            Time = ports.Time,
            Scheduler = ports.Scheduler,
            FillRandom = ports.FillRandom,
            Agent = "kimura-repair",
            ProtocolVersion = "kimura/1",
            Logger = logging.CreateLogger("Kimura.Libp2p"),
        });
        _client = new SyncClient(_host, configuration.Chain, new PeerBook(ports.Time));
        await _host.StartAsync(cancellation);
        foreach (var address in configuration.LeaderAddresses)
        {
            _host.Keep(address);
        }
    }
}
