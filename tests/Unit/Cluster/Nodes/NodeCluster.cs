using System.Net;
using Kimura.Cryptography;
using Kimura.Embedded.Hosting;
using Kimura.Interfaces;
using Kimura.Libp2p.Addressing;
using Kimura.Silo.Configuration;
using Kimura.Silo.Hosting;
using Kimura.Storage.Log;
using Kimura.Tests.Unit.Chain.Golden;
using Kimura.Tests.Unit.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Kimura.Tests.Unit.Cluster.Nodes;

/// <summary>
/// Whole nodes as the silos of one cluster: each with its own RocksDB, key file, libp2p host and gateway, all on one embedded cluster in this
/// process and one shared log.
/// </summary>
internal sealed class NodeCluster(ClusterDatabase database) : IAsyncDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TempFolder _folder = new();
    private readonly EmbeddedCluster _cluster = new(new EmbeddedClusterOptions
    {
        Scheduler = TaskScheduler.Default,
        TimeProvider = TimeProvider.System,
        ResponseTimeout = TimeSpan.FromSeconds(10),
    });

    private readonly Lock _gate = new();
    private readonly Dictionary<string, KimuraNode> _nodes = [];

    /// <summary>What all silos logged.</summary>
    public ListLogger Log { get; } = new();

    public ClusterDatabase Database => database;

    public IReadOnlyCollection<string> Running
    {
        get
        {
            lock (_gate)
            {
                return [.. _nodes.Keys];
            }
        }
    }

    /// <summary>The silo that the leader grain is active on, or null.</summary>
    public string? Leading => _cluster.WhereIs(_cluster.CreateClient(new ServiceCollection().BuildServiceProvider()).GetGrain<ILeaderGrain>(0));

    public KimuraNode this[string silo]
    {
        get
        {
            lock (_gate)
            {
                return _nodes[silo];
            }
        }
    }

    public IChainReader ReaderOf(string silo) => this[silo].Grains.GetGrain<IChainReader>(0);

    public IIntakeGrain IntakeOf(string silo) => this[silo].Grains.GetGrain<IIntakeGrain>(0);

    public string FolderOf(string silo) => _folder[silo];

    /// <summary>Starts a silo, again if it ran before; with the cluster's key, unless a test wants it otherwise.</summary>
    public async Task StartAsync(string silo, bool isLeader, string? key = "leader", Func<NodeConfiguration, NodeConfiguration>? change = null)
    {
        var path = Path.Combine(_folder[silo], "leader.key");
        if (isLeader && key is not null && !File.Exists(path))
        {
            Directory.CreateDirectory(_folder[silo]);
            using var secret = TestKeys.Private(key);
            KeyFile.Create(path, secret);
        }

        var configuration = new NodeConfiguration
        {
            IsLeader = isLeader,
            SiloName = silo,
            ClusterDb = database,
            DbPath = _folder[silo],
            BlockInterval = Interval,
            Chain = new Kimura.Chain.ChainParameters("kimura-test"),
            Listen = Multiaddress.Tcp(IPAddress.Loopback, 0),
            RpcPort = 0,
            RateLimit = 0,
        };
        var node = await KimuraNode.StartAsync(
            change is null ? configuration : change(configuration),
            TimeProvider.System,
            logging => logging.AddProvider(new ListLoggerProvider(Log)).SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning),
            services => services.AddSingleton(_cluster),
            TestContext.Current.CancellationToken);
        lock (_gate)
        {
            _nodes.Add(silo, node);
        }
    }

    /// <summary>Ends a silo as if its process had died: its grains run no further turn. Its database is closed for the next start.</summary>
    public async Task KillAsync(string silo)
    {
        var node = Take(silo);
        node.Services.GetRequiredService<EmbeddedSilo>().Kill();

        // What a dead grain held, a lock of the store among it, nobody lets go: only a dead process needs no stop.
        var stopping = node.DisposeAsync().AsTask();
        if (await Task.WhenAny(stopping, Task.Delay(KillPatience)) != stopping)
        {
            await node.CloseFilesAsync();
        }
    }

    public async Task StopAsync(string silo) => await Take(silo).DisposeAsync();

    /// <summary>The tip of a silo, once it is above a height.</summary>
    public async Task<TipRecord> ReachAsync(string silo, ulong above)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var tip = await ReaderOf(silo).WaitForTipAsync(above);
            if (tip.Height > above)
            {
                return tip;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(deadline) < Patience, $"{silo} is at height {tip.Height} and does not come above {above}");
        }
    }

    /// <summary>Waits, a bounded time, for something that the cluster comes to by itself.</summary>
    public static async Task UntilAsync(Func<Task<bool>> isSo, string what)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await isSo())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Patience, $"not within {Patience}: {what}");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in Running)
        {
            await StopAsync(silo);
        }

        _folder.Dispose();
    }

    private KimuraNode Take(string silo)
    {
        lock (_gate)
        {
            var node = _nodes[silo];
            _nodes.Remove(silo);
            return node;
        }
    }
}
