using System.Net;
using Kimura.Libp2p.Addressing;
using Kimura.Silo.Configuration;
using Kimura.Silo.Hosting;
using Kimura.Storage.Ledger;
using Kimura.Tests.Integration.Harness;
using Microsoft.Extensions.Logging;

namespace Kimura.Tests.Integration.Flipping;

/// <summary>A node in this process: the production one, without the seconds that a process of its own takes to begin.</summary>
internal sealed class LocalNode : IAsyncDisposable
{
    private readonly KimuraNode _node;

    private LocalNode(KimuraNode node, NodeLog log)
    {
        _node = node;
        Log = log;
        Rpc = new RpcClient(node.RpcAddress);
    }

    public NodeLog Log { get; }

    public RpcClient Rpc { get; }

    public Multiaddress Address => _node.NetworkAddresses[0];

    public static Task<LocalNode> LeadAsync(string data, TimeSpan interval, NodeLog? log = null) =>
        StartAsync(data, log, options => options with { BlockInterval = interval });

    public static Task<LocalNode> FollowAsync(string data, IReadOnlyList<Multiaddress> addresses, NodeLog? log = null, VerifyMode verify = VerifyMode.Headers) =>
        StartAsync(data, log, options => options with { IsLeader = false, LeaderAddresses = addresses, Verify = verify });

    public async ValueTask DisposeAsync()
    {
        Rpc.Dispose();
        await _node.DisposeAsync();
    }

    private static async Task<LocalNode> StartAsync(string data, NodeLog? log, Func<NodeConfiguration, NodeConfiguration> change)
    {
        log ??= new NodeLog();
        var configuration = change(new NodeConfiguration
        {
            DbPath = data,
            RpcPort = 0,
            Listen = Multiaddress.Tcp(IPAddress.Loopback, 0),
            RateLimit = 0,
        });
        return new LocalNode(await KimuraNode.StartAsync(configuration, TimeProvider.System, logging => logging.AddProvider(log)), log);
    }
}
