using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Kimura.Benchmarks.Reports;
using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Cryptography;
using Kimura.Embedded.Hosting;
using Kimura.Interfaces;
using Kimura.Libp2p.Addressing;
using Kimura.Silo.Configuration;
using Kimura.Silo.Hosting;
using Kimura.Storage.Log;
using Kimura.Tests.Unit.Cluster.Postgres;
using Microsoft.Extensions.DependencyInjection;

namespace Kimura.Benchmarks.Cluster;

/// <summary>Ingest of a cluster of three silos over one PostgreSQL, beside the single-row commits that the same server does in the same run.</summary>
internal static partial class ClusterBenchmark
{
    private const int Silos = 3;
    private const int Seconds = 10;
    private static readonly ChainParameters Parameters = new("kimura-bench");

    public static async Task RunAsync(BenchmarkOptions options, Report report, DataDirectory place)
    {
        if (PostgresServer.Missing is { } missing)
        {
            throw new BenchmarkException($"bench: {missing}");
        }

        report.Heading("A cluster of three silos");
        report.Paragraph(
            $"Three silos in one process (embedded engine), two with the leader flag, a block a second, over one PostgreSQL with synchronous commits; messages of {options.ContentSize} bytes go to all "
            + $"three silos for {Seconds} s. pgbench commits one row a transaction on the same server, 16 clients, right before and after. Everything shares the machine, and each silo verifies every message for its replica.");
        await using var server = await PostgresServer.StartNewAsync();
        var before = await PgbenchAsync(server);
        var batches = await MeasureAsync(server, place, options.Connections, options.BatchSize, options.ContentSize);
        var singles = await MeasureAsync(server, place, options.SingleConnections, 1, options.ContentSize);
        var after = await PgbenchAsync(server);
        var commits = (before + after) / 2;
        report.Table(
            ["load", "accepted messages/s", "single-row commits/s (before, after)", "ratio"],
            [
                [$"{options.Connections} clients, batches of {options.BatchSize}", $"{batches:#,0}", $"{before:#,0}, {after:#,0}", $"{batches / commits:0.0}"],
                [$"{options.SingleConnections} clients, one message a call", $"{singles:#,0}", $"{before:#,0}, {after:#,0}", $"{singles / commits:0.0}"],
            ]);
    }

    private static async Task<double> MeasureAsync(PostgresServer server, DataDirectory place, int clients, int batch, int content)
    {
        var folder = place.NewFolder("cluster");
        var nodes = new List<KimuraNode>();
        try
        {
            var cluster = new EmbeddedCluster(new EmbeddedClusterOptions { Scheduler = TaskScheduler.Default, TimeProvider = TimeProvider.System });
            var database = await server.CreateDatabaseAsync();
            for (var i = 0; i < Silos; i++)
            {
                nodes.Add(await StartAsync(cluster, database, folder, i));
            }

            // Signing is the clients' work, not the cluster's: done before.
            var work = await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(() => Sign(client, batch, content))));
            var started = TimeProvider.System.GetTimestamp();
            var accepted = await Task.WhenAll(work.Select((batches, client) => Task.Run(() => SendAsync(nodes[client % Silos], batches, batch, started))));
            return accepted.Sum() / TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        }
        finally
        {
            nodes.Reverse();
            foreach (var node in nodes)
            {
                await node.DisposeAsync();
            }

            DataDirectory.Remove(folder);
        }
    }

    private static Task<KimuraNode> StartAsync(EmbeddedCluster cluster, ClusterDatabase database, string folder, int number)
    {
        var isLeader = number < Silos - 1;
        var data = Path.Combine(folder, $"silo-{number}");
        if (isLeader)
        {
            Directory.CreateDirectory(data);
            using var key = Key("leader");
            KeyFile.Create(Path.Combine(data, "leader.key"), key);
        }

        return KimuraNode.StartAsync(
            new NodeConfiguration
            {
                IsLeader = isLeader,
                SiloName = $"silo-{number}",
                ClusterDb = database,
                DbPath = data,
                BlockInterval = TimeSpan.FromSeconds(1),
                Chain = Parameters,
                Listen = Multiaddress.Tcp(IPAddress.Loopback, 0),
                RpcPort = 0,
                RateLimit = 0,
                PendingSenderLimit = 200_000,
            },
            TimeProvider.System,
            static _ => { },
            services => services.AddSingleton(cluster),
            CancellationToken.None);
    }

    private static List<byte[]> Sign(int client, int batch, int content)
    {
        using var key = Key($"client {client}");
        var text = Encoding.UTF8.GetBytes(new string('x', content));
        var count = batch == 1 ? 4_000 : 100_000 / batch;
        return [.. Enumerable.Range(0, count).Select(i => Enumerable.Range(i * batch, batch).SelectMany(nonce => MessageSigner.Sign(Parameters, key, (ulong)nonce, text)).ToArray())];
    }

    private static async Task<int> SendAsync(KimuraNode node, List<byte[]> batches, int count, long started)
    {
        var intake = node.Grains.GetGrain<IIntakeGrain>(0);
        var accepted = 0;
        foreach (var batch in batches)
        {
            if (TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromSeconds(Seconds))
            {
                break;
            }

            var results = await intake.SubmitAsync(new SubmissionBatch(batch, count));
            var taken = results.Results.Count(result => result.Outcome == SubmissionOutcome.Accepted);
            accepted += taken;
            if (taken < count)
            {
                throw new BenchmarkException($"bench: {results.Results.First(result => result.Outcome != SubmissionOutcome.Accepted)}");
            }
        }

        return accepted;
    }

    private static PrivateKey Key(string name)
    {
        var secret = new byte[32];
        Blake3.Hash(Encoding.UTF8.GetBytes(name), secret);
        return PrivateKey.FromBytes(secret);
    }

    // One row a transaction, as small as a message.
    private static async Task<double> PgbenchAsync(PostgresServer server)
    {
        var database = await server.CreateDatabaseAsync(withTables: false);
        await PostgresServer.ExecuteAsync(database, "CREATE TABLE rows (id bigserial PRIMARY KEY, content bytea)");
        var script = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(script, "INSERT INTO rows (content) VALUES (decode(repeat('78', 373), 'hex'));\n");
            var command = new ProcessStartInfo(Path.Combine(server.Programs, "pgbench"))
            {
                UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
                ArgumentList =
                {
                    "-n", "-h", "127.0.0.1", "-p", $"{server.Port}", "-U", "kimura", "-c", "16", "-j", "2", "-M", "prepared", "-T", $"{Seconds}", "-f", script,
                    database.Name.Split(' ')[0],
                },
            };
            using var process = Process.Start(command)!;
            var error = process.StandardError.ReadToEndAsync();
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            return Rate().Match(output) is { Success: true } rate
                ? double.Parse(rate.Groups["rate"].Value, CultureInfo.InvariantCulture)
                : throw new BenchmarkException($"bench: pgbench: {await error}");
        }
        finally
        {
            File.Delete(script);
        }
    }

    [GeneratedRegex(@"tps = (?<rate>[0-9.]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Rate();
}
