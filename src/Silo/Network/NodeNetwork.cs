using Kimura.Chain.Blocks;
using Kimura.Grains;
using Kimura.Grains.Leader;
using Kimura.Grains.Network;
using Kimura.Libp2p;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Identities;
using Kimura.Silo.Cluster;
using Kimura.Silo.Network.Wire;
using Kimura.Silo.Repair;
using Kimura.Storage.Ledger;
using Microsoft.Extensions.Hosting;

namespace Kimura.Silo.Network;

/// <summary>The node in the network: starts and stops all of it, and knows how it is.</summary>
internal sealed class NodeNetwork(
    Libp2pHost host,
    ChainStore chain,
    NodeOptions options,
    NetworkOptions network,
    PeerBook peers,
    StatusService status,
    SubmitServer submit,
    GossipBridge gossip,
    Follower follower,
    BackgroundWork work,
    ChainMender mender,
    Scrubber scrubber,
    BlockSigner? signer = null,
    ProductionGate? gate = null,
    LeaderHost? cluster = null) : IHostedService, INetworkView
{
    private const int FirstAttempts = 5;
    private static readonly TimeSpan FirstAnswers = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    /// <summary>Where this node listens.</summary>
    public IReadOnlyList<Multiaddress> Addresses => host.ListenAddresses;

    public int Peers => peers.Count;

    public ulong TargetHeight => peers.Target;

    public bool IsSyncing => (network.Peers.Count > 0 && !status.HasHeard) || peers.Target > chain.Tip.Height + 1 || (network.WithBodies && chain.BodiesHeight is not null);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        host.Connected += OnConnected;
        host.Identified += OnIdentified;
        host.Disconnected += OnDisconnected;
        gossip.Start(OnReached);
        if (options.IsLeader)
        {
            submit.Serve();
        }

        await host.StartAsync(cancellationToken);
        if (signer is not null)
        {
            var genesis = chain.Parameters.Genesis.Hash;
            status.Own = new LeaderRecord(
                host.Id, [.. host.ListenAddresses.Take(WireFormat.MaxAddresses)], signer.SignLeader(genesis, host.Id.Bytes));
            if (cluster is not null)
            {
                cluster.Own = status.Own;
            }
        }

        chain.Mender = mender;
        work.Run(follower.RunAsync);
        work.Run(scrubber.RunAsync);
        work.Run(stop => status.RunAsync(work, OnReached, stop));
        if (options.IsLeader)
        {
            work.Run(gossip.PublishAsync);
            gate?.HoldUntil(AskFirstAsync());
        }

        foreach (var address in network.Peers)
        {
            host.Keep(address);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await work.StopAsync();
        await host.DisposeAsync();
    }

    // A leader asks those that it knows what they hold before it makes a block: its own disk may have been put back.
    private Task AskFirstAsync() => Task.WhenAll(network.Peers.Select(AskFirstAsync));

    private async Task AskFirstAsync(Multiaddress address)
    {
        using var patience = new CancellationTokenSource(FirstAnswers, host.Time);
        for (var attempt = 0; attempt < FirstAttempts; attempt++)
        {
            try
            {
                var connection = await host.ConnectAsync(address, patience.Token);
                if (await status.AskAsync(connection, OnReached, patience.Token))
                {
                    return;
                }
            }
            catch (Libp2pException)
            {
                // Not there, or it dialled this node at the same moment and another connection stayed.
            }
            catch (OperationCanceledException)
            {
                return;
            }

            // In the end the sign guard still knows what this node has signed.
            await Task.Delay(FirstPause, host.Time);
        }
    }

    private void OnConnected(PeerConnection connection)
    {
        if (!peers.Enter(connection.Peer))
        {
            host.Disconnect(connection.Peer);
        }
    }

    private void OnIdentified(PeerConnection connection) => work.Run(stop => status.AskAsync(connection, OnReached, stop));

    private void OnDisconnected(PeerConnection connection)
    {
        if (host.Find(connection.Peer) is null)
        {
            peers.Leave(connection.Peer);
        }
    }

    private void OnReached(PeerId peer, ulong height)
    {
        peers.Reaches(peer, height);
        if (height > chain.Tip.Height)
        {
            // Signed by the leader's key and not here: where this is the leader, its disk has lost it.
            gate?.Hold(height);
            follower.Wake();
        }
    }
}
