using System.Net;
using Kimura.Libp2p.Addressing;
using Kimura.Silo.Configuration;
using Kimura.Silo.Hosting;
using Kimura.Storage.Ledger;
using Kimura.Tests.Integration.Harness;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Kimura.Tests.Integration.Flipping;

/// <summary>A node in this process: the production one, which starts anew by itself, without the seconds that a process of its own takes to begin.</summary>
internal sealed class LocalNode : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly Task _running;

    private LocalNode(KimuraNode node, NodeLog log, Task running, CancellationTokenSource stop)
    {
        (Log, _running, _stop) = (log, running, stop);
        Rpc = new RpcClient(node.RpcAddress);
        Address = node.NetworkAddresses[0];
    }

    public NodeLog Log { get; }

    public RpcClient Rpc { get; }

    /// <summary>Where it listened first.</summary>
    public Multiaddress Address { get; }

    public static Task<LocalNode> LeadAsync(string data, TimeSpan interval, NodeLog? log = null) =>
        StartAsync(data, log, options => options with { BlockInterval = interval });

    public static Task<LocalNode> FollowAsync(string data, IReadOnlyList<Multiaddress> addresses, NodeLog? log = null, VerifyMode verify = VerifyMode.Headers) =>
        StartAsync(data, log, options => options with { IsLeader = false, LeaderAddresses = addresses, Verify = verify });

    public async ValueTask DisposeAsync()
    {
        Rpc.Dispose();
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private static async Task<LocalNode> StartAsync(string data, NodeLog? log, Func<NodeConfiguration, NodeConfiguration> change)
    {
        log ??= new NodeLog();
        var configuration = change(new NodeConfiguration
        {
            DbPath = data,
            RpcPort = 0,
            Listen = Multiaddress.Tcp(IPAddress.Loopback, 0),
            Silo = new SiloLinks { Port = 0, GatewayPort = 0 },
            RateLimit = 0,
        });
        var stop = new CancellationTokenSource();
        var started = new TaskCompletionSource<KimuraNode>(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = RunAsync();
        if (await Task.WhenAny(started.Task, running) == running)
        {
            stop.Dispose();
            await running;
        }

        return new LocalNode(await started.Task, log, running, stop);

        async Task RunAsync()
        {
            try
            {
                var failure = await NodeLoop.RunAsync(
                    configuration, TimeProvider.System, logging => logging.AddProvider(log), node => started.TrySetResult(node), log.CreateLogger(nameof(NodeLoop)), stop.Token);
                Assert.Null(failure);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Stopped while it started anew.
            }
        }
    }
}
