using System.Net;
using Kimura.Chain;
using Kimura.Silo.Configuration;
using Kimura.Storage.Ledger;
using Kimura.Tests.Unit.Chain.Golden;
using Xunit;

namespace Kimura.Tests.Unit.Silo;

public sealed class ConfigurationTests
{
    private const string NoLeader =
        "--leader-address: a node that does not lead must be told a node to connect to, or with --leader-key whose blocks count";

    private const string ClusterForm = "; it should look like Host=127.0.0.1;Port=5432;Database=kimura;Username=kimura";

    private static readonly string Key = TestKeys.Public("leader").ToString();

    [Fact]
    public void Without_options_a_node_leads_on_the_defaults()
    {
        using var given = new Given();
        var node = given.Read();

        Assert.True(node.IsLeader);
        Assert.Equal(TimeSpan.FromSeconds(5), node.BlockInterval);
        Assert.Equal(("data", Path.Combine("data", "rocksdb")), (node.DbPath, node.DatabaseDirectory));
        Assert.Equal((Path.Combine("data", "leader.key"), Path.Combine("data", "leader.key.guard")), (node.KeyPath, node.GuardPath));
        Assert.Equal((IPAddress.Loopback, 8545), (node.RpcHost, node.RpcPort));
        Assert.Null(node.KeyFile);
        Assert.Empty(node.LeaderKeys);
        Assert.Equal((null, ChainParameters.ContentLimit), (node.Chain.ChainId, node.Chain.MaxContent));
        Assert.Equal(VerifyMode.Headers, node.Verify);
        Assert.Equal((2_000, 200_000, 10_000), (node.RateLimit, node.PendingLimit, node.PendingSenderLimit));
        Assert.Equal(256L << 20, node.PendingBytesLimit);
        Assert.Equal((16 << 20, 1_000), (node.MaxRequestBytes, node.MaxBatchCalls));
        Assert.Equal(["*"], node.CorsOrigins);
        Assert.False(node.AcceptLostBlocks);
        Assert.Null(node.ClusterDb);
        Assert.Equal(("kimura", "Silo_0"), (node.ClusterId, node.SiloName));
        Assert.Equal((null, TimeSpan.FromDays(1), 7), (node.BackupDirectory, node.BackupInterval, node.BackupKeep));
    }

    public static TheoryData<string, Func<NodeConfiguration, object?>, object?> Good => new()
    {
        { "--leader", node => node.IsLeader, true },
        { "--leader true", node => node.IsLeader, true },
        { $"--leader false --leader-key {Key}", node => node.IsLeader, false },
        { $"--leader-key {Key}", node => node.IsLeader, true },
        { "--test-mode", node => node.BlockInterval, TimeSpan.FromMilliseconds(100) },
        { "--test-mode false", node => node.BlockInterval, TimeSpan.FromSeconds(5) },
        { "--block-interval-ms 10", node => node.BlockInterval, TimeSpan.FromMilliseconds(10) },
        { "--block-interval-ms 3600000", node => node.BlockInterval, TimeSpan.FromHours(1) },
        { "--db-path /tmp/x", node => node.DatabaseDirectory, "/tmp/x/rocksdb" },
        { "--db-path /tmp/x", node => node.GuardPath, "/tmp/x/leader.key.guard" },
        { "--key-file /tmp/k", node => node.GuardPath, "/tmp/k.guard" },
        { "--rpc-port 0", node => node.RpcPort, 0 },
        { "--rpc-port 65535", node => node.RpcPort, 65_535 },
        { "--rpc-host 0.0.0.0", node => node.RpcHost, IPAddress.Any },
        { "--rpc-host ::1", node => node.RpcHost, IPAddress.IPv6Loopback },
        { "--rpc-host localhost", node => node.RpcHost, IPAddress.Loopback },
        { "--chain-id kimura-7", node => node.Chain.ChainId, "kimura-7" },
        { "--max-content 0", node => node.Chain.MaxContent, 0 },
        { "--chain-id a --max-content 65536", node => (node.Chain.ChainId, node.Chain.MaxContent), ("a", 65_536) },
        { "--cluster-db Host=db;Port=5433;Database=log;Password=secret", node => node.ClusterDb!.ToString(), "log at db:5433" },
        { "--cluster-db Host=db --leader false", node => node.IsLeader, false },
        { "--cluster-id east-1 --silo-name Silo_7.b", node => (node.ClusterId, node.SiloName), ("east-1", "Silo_7.b") },
        { "--verify tip", node => node.Verify, VerifyMode.Tip },
        { "--verify full", node => node.Verify, VerifyMode.Full },
        { "--verify headers", node => node.Verify, VerifyMode.Headers },
        { "--rate-limit 0", node => node.RateLimit, 0 },
        { "--pending-limit 1", node => node.PendingLimit, 1 },
        { "--pending-bytes-limit 17179869184", node => node.PendingBytesLimit, 16L << 30 },
        { "--pending-sender-limit 7", node => node.PendingSenderLimit, 7 },
        { "--max-request-bytes 1024", node => node.MaxRequestBytes, 1_024 },
        { "--max-batch-calls 9", node => node.MaxBatchCalls, 9 },
        { "--backup-dir /b --backup-interval-hours 1", node => (node.BackupDirectory, node.BackupInterval), ("/b", TimeSpan.FromHours(1)) },
        { "--backup-keep 10000", node => node.BackupKeep, 10_000 },
        { "--accept-lost-blocks", node => node.AcceptLostBlocks, true },
        { "--cors-origin http://a --cors-origin http://b", node => string.Join(' ', node.CorsOrigins), "http://a http://b" },
        { "--bodies full", node => node.WithBodies, true },
        { "--leader-address /ip4/127.0.0.1/tcp/9000 --bodies on-demand", node => node.WithBodies, false },
        { "", node => node.Listen.ToString(), "/ip4/127.0.0.1/tcp/9000" },
        { "--listen-addr /ip6/::1/tcp/0", node => node.Listen.ToString(), "/ip6/::1/tcp/0" },
        { "--leader-address /dns4/a.example/tcp/1", node => node.IsLeader, false },
        { "--leader-address /ip4/1.2.3.4/tcp/1 --leader", node => node.IsLeader, true },
        {
            "--leader-address /ip4/1.2.3.4/tcp/1 --leader-address /ip4/1.2.3.4/tcp/2 --leader-address /ip4/1.2.3.4/tcp/1",
            node => string.Join(' ', node.LeaderAddresses), "/ip4/1.2.3.4/tcp/1 /ip4/1.2.3.4/tcp/2"
        },
        { $"--leader-key {Key}", node => string.Join(' ', node.LeaderKeys), $"(0, {Key})" },
        { $"--leader-key 0x{Key.ToUpperInvariant()}@5 --leader-key {Key}", node => string.Join(' ', node.LeaderKeys), $"(5, {Key}) (0, {Key})" },
    };

    [Theory]
    [MemberData(nameof(Good), DisableDiscoveryEnumeration = true)]
    public void An_option_is_taken(string arguments, Func<NodeConfiguration, object?> read, object? expected)
    {
        using var given = new Given();
        Assert.Equal(expected, read(given.Read(arguments)));
    }

    public static TheoryData<string, string> Bad => new()
    {
        { "--leader maybe", "Unrecognized command or argument 'maybe'." },
        { "--leader false", NoLeader },
        { "--leader-address 1.2.3.4", "--leader-address: '1.2.3.4' is not a multiaddr over TCP such as /ip4/127.0.0.1/tcp/9000" },
        { "--leader-address /ip4/1.2.3.4/udp/9000", "--leader-address: '/ip4/1.2.3.4/udp/9000' is not a multiaddr over TCP such as /ip4/127.0.0.1/tcp/9000" },
        { "--listen-addr 127.0.0.1:9000", "--listen-addr: '127.0.0.1:9000' is not a multiaddr over TCP such as /ip4/127.0.0.1/tcp/9000" },
        { "--bodies on-demand", "--bodies: a leader has all messages, on-demand is for peers" },
        { "--bodies some", "--bodies: 'some' is not full or on-demand" },
        { "--block-interval-ms 9", "--block-interval-ms: '9' is not a whole number from 10 to 3600000" },
        { "--block-interval-ms 3600001", "--block-interval-ms: '3600001' is not a whole number from 10 to 3600000" },
        { "--block-interval-ms 1e3", "--block-interval-ms: '1e3' is not a whole number from 10 to 3600000" },
        { "--test-mode --block-interval-ms 200", "--block-interval-ms: test mode sets the block interval itself" },
        { "--rpc-port 65536", "--rpc-port: '65536' is not a whole number from 0 to 65535" },
        { "--rpc-port -1", "--rpc-port: '-1' is not a whole number from 0 to 65535" },
        { "--rpc-port 99999999999999999999", "--rpc-port: '99999999999999999999' is not a whole number from 0 to 65535" },
        { "--rpc-host example.org", "--rpc-host: 'example.org' is not an IP address" },
        { "--chain-id Kimura", "--chain-id: 'Kimura' is not 1 to 64 of a-z, 0-9 and '-'" },
        { $"--chain-id {new string('a', 65)}", $"--chain-id: '{new string('a', 65)}' is not 1 to 64 of a-z, 0-9 and '-'" },
        { "--verify everything", "--verify: 'everything' is not tip, headers or full" },
        { "--rate-limit -1", "--rate-limit: '-1' is not a whole number from 0 to 1000000000" },
        { "--pending-limit 0", "--pending-limit: '0' is not a whole number from 1 to 10000000" },
        { "--pending-bytes-limit 1000", "--pending-bytes-limit: '1000' is not a whole number from 1048576 to 17179869184" },
        { "--pending-sender-limit 0", "--pending-sender-limit: '0' is not a whole number from 1 to 10000000" },
        { "--max-content 65537", "--max-content: '65537' is not a whole number from 0 to 65536" },
        { "--max-request-bytes 1023", "--max-request-bytes: '1023' is not a whole number from 1024 to 268435456" },
        { "--max-batch-calls 0", "--max-batch-calls: '0' is not a whole number from 1 to 100000" },
        { "--backup-interval-hours 0", "--backup-interval-hours: '0' is not a whole number from 1 to 8760" },
        { "--backup-keep 0", "--backup-keep: '0' is not a whole number from 1 to 10000" },
        { "--leader-key 02ab", "--leader-key: '02ab' is not a compressed public key in hex, or one with @HEIGHT" },
        { $"--leader-key {Key}@", $"--leader-key: '{Key}@' is not a compressed public key in hex, or one with @HEIGHT" },
        { $"--leader-key {Key}@-1", $"--leader-key: '{Key}@-1' is not a compressed public key in hex, or one with @HEIGHT" },
        { $"--leader-key {Key}@7", "--leader-key: the first leader key must begin at height 0" },
        { $"--leader-key {Key} --leader-key {Key}@0", "--leader-key: two leader keys begin at one height" },
        { "--cluster-db Password=secret", $"--cluster-db: no host is named{ClusterForm}" },
        { "--cluster-db secret", $"--cluster-db: this is not a PostgreSQL connection string{ClusterForm}" },
        { "--cluster-db Host=db;Port=secret", $"--cluster-db: this is not a PostgreSQL connection string{ClusterForm}" },
        { "--cluster-db Host=db;Pasword=secret", $"--cluster-db: this is not a PostgreSQL connection string{ClusterForm}" },
        { "--cluster-db Host=db --leader false --bodies on-demand", "--bodies: a silo of a cluster has all messages, on-demand is for peers" },
        { "--silo-name a/b", "--silo-name: 'a/b' is not 1 to 64 of a-z, A-Z, 0-9, '-', '_' and '.'" },
        { "--no-such-option", "Unrecognized command or argument '--no-such-option'." },
        { "stray", "Unrecognized command or argument 'stray'." },
        { "--db-path", "Required argument missing for option: '--db-path'." },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_bad_option_is_named_with_the_reason(string arguments, string message)
    {
        using var given = new Given();
        Assert.Equal(message, given.Refused(arguments));
    }

    [Fact]
    public void Every_option_has_a_flag_a_key_and_a_variable_of_its_own_and_a_help_text()
    {
        var all = OptionTable.All;

        Assert.Equal(all.Count, all.Select(spec => spec.Flag).Distinct().Count());
        Assert.Equal(all.Count, all.Select(spec => spec.Key).Distinct().Count());
        Assert.Equal(all.Count, all.Select(spec => spec.Variable).Distinct().Count());
        Assert.All(all, spec => Assert.False(string.IsNullOrWhiteSpace(spec.Help)));
        Assert.All(all, spec => Assert.Matches(@"\A--[a-z-]+\z", spec.Flag));
        Assert.All(all, spec => Assert.Matches(@"\AKIMURA_[A-Z_]+\z", spec.Variable));
    }

    [Theory]
    [InlineData("--help", true)]
    [InlineData("--version", true)]
    [InlineData("", false)]
    [InlineData("--leader", false)]
    [InlineData("--no-such-option --help", true)]
    [InlineData("--no-such-option", false)]
    public void Help_and_version_are_texts_and_everything_else_is_a_node(string arguments, bool asksForText)
    {
        var commandLine = new CommandLine();

        Assert.Equal(asksForText, commandLine.AsksForText(commandLine.Parse(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries))));
    }
}
