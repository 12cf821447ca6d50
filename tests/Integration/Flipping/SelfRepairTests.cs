using Kimura.Tests.Integration.Harness;
using Kimura.Tests.Integration.Refusing;
using Kimura.Tests.Integration.Running;
using Xunit;

namespace Kimura.Tests.Integration.Flipping;

/// <summary>Real nodes that start on damaged databases, with peers and without.</summary>
[Collection(nameof(Alone))]
public sealed class SelfRepairTests : IAsyncLifetime
{
    private readonly TempDirectory _folder = new();
    private readonly Sender _sender = new();
    private ulong _height;

    private string Leader => _folder.PathOf("leader");

    private string Peer => _folder.PathOf("peer");

    public async ValueTask InitializeAsync()
    {
        await using (var busy = await NodeProcess.StartTestModeAsync(Leader))
        {
            using var client = busy.Client();
            for (var round = 0; round < 3; round++)
            {
                await client.SubmitAsync(_sender.Sign(10, "kept"));
                await client.HeightAsync(await client.HeightAsync() + 2);
            }

            await client.NothingPendingAsync();
            await busy.EndAsync(Signals.Terminate);
        }

        // The peer has what the leader has, the last block too: it makes none meanwhile.
        await using var leader = await NodeProcess.StartAsync(Leader, "--block-interval-ms", "3600000");
        await using var peer = await NodeProcess.StartPeerAsync(Peer, leader.NetworkAddress);
        using var rpc = leader.Client();
        using var reader = peer.Client();
        _height = await rpc.HeightAsync();
        await reader.HeightAsync(_height);
        await leader.EndAsync(Signals.Terminate);
        await peer.EndAsync(Signals.Terminate);
    }

    public ValueTask DisposeAsync()
    {
        _sender.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact(Timeout = 120_000)]
    public async Task Leader_mends_its_blocks_and_messages_from_a_peer_before_it_serves()
    {
        var block = (await RawDatabase.ReadBlocksAsync(Leader)).First(block => block.Count > 0);
        await RawDatabase.FlipInBlockAsync(Leader, block.Height, 100);
        await RawDatabase.FlipInMessageAsync(Leader, block, 0);
        await RawDatabase.DeleteBlockAsync(Leader, block.Height + 1);
        await using var peer = await NodeProcess.StartPeerAsync(Peer, Libp2p.Addressing.Multiaddress.Parse("/ip4/127.0.0.1/tcp/1"));

        await using var leader = await NodeProcess.StartTestModeAsync(Leader, "--leader", "--leader-address", peer.NetworkAddress.ToString(), "--verify", "full");

        using var rpc = leader.Client();
        try
        {
            await rpc.HeightAsync(_height + 2);
        }
        catch (TimeoutException late)
        {
            Assert.Fail($"{late.Message}\n{string.Join('\n', leader.Errors.Lines.TakeLast(30))}");
        }

        await WalkedChain.WalkAsync(rpc);
        foreach (var what in (string[])[$"Mended block {block.Height}:", $"Mended block {block.Height + 1}:", "Mended message 0 ("])
        {
            Assert.Contains(leader.Errors.Lines, line => line.Contains(what, StringComparison.Ordinal));
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task Leader_with_a_damaged_table_is_built_anew_with_its_pool()
    {
        var (table, at) = Directory.EnumerateFiles(RawDatabase.DirectoryOf(Leader), "*.sst")
            .Select(path => (path, RawFiles.Find(path, "block:"u8))).FirstOrDefault(found => found.Item2 >= 0);
        if (table is null)
        {
            // Nothing of the chain is in a table before the second start.
            Assert.Equal(0, (await (await NodeProcess.StartAsync(Leader, "--block-interval-ms", "3600000")).EndAsync(Signals.Terminate)).Code);
            (table, at) = Directory.EnumerateFiles(RawDatabase.DirectoryOf(Leader), "*.sst")
                .Select(path => (path, RawFiles.Find(path, "block:"u8))).First(found => found.Item2 >= 0);
        }

        var pending = _sender.Sign(5, "answered and in no block");
        await using (var before = await NodeProcess.StartAsync(Leader, "--block-interval-ms", "3600000"))
        {
            using var rpc = before.Client();
            await rpc.SubmitAsync(pending);
            await before.EndAsync(Signals.Kill);
        }

        RawFiles.Flip(table, at + 20, 0x10);
        await using var peer = await NodeProcess.StartPeerAsync(Peer, Libp2p.Addressing.Multiaddress.Parse("/ip4/127.0.0.1/tcp/1"));
        await using var leader = await NodeProcess.StartTestModeAsync(Leader, "--leader", "--leader-address", peer.NetworkAddress.ToString(), "--verify", "full");

        using var client = leader.Client();
        await client.NothingPendingAsync();
        await client.HeightAsync(_height + 1);
        var chain = await WalkedChain.WalkAsync(client);
        Assert.All(pending, message => Assert.Contains(message.Id, chain.Messages.Keys));
        Assert.Single(Directory.GetDirectories(Leader, "rocksdb.damaged-*"));
        Assert.Contains(leader.Errors.Lines, line => line.Contains("5 pending messages were carried over", StringComparison.Ordinal));
    }

    [Theory(Timeout = 120_000)]
    [InlineData("MANIFEST-*", 20)]
    [InlineData("CURRENT", 3)]
    public async Task Leader_whose_pool_cannot_be_read_refuses_with_the_command_for_a_backup(string file, int at)
    {
        RawFiles.Flip(Directory.EnumerateFiles(RawDatabase.DirectoryOf(Leader), file).Single(), at, 0x01);
        await using var peer = await NodeProcess.StartPeerAsync(Peer, Libp2p.Addressing.Multiaddress.Parse("/ip4/127.0.0.1/tcp/1"));

        var line = Refusal.LineOf(
            await NodeProcess.RunAsync("--db-path", Leader, "--rpc-port", "0", "--leader", "--leader-address", peer.NetworkAddress.ToString()), Refusal.DatabaseRefused);

        Assert.EndsWith($": python3 blockchain.py backup restore --db-path {Leader} --backup-dir BACKUPS --replace", line, StringComparison.Ordinal);
        Assert.Single(Directory.GetDirectories(Leader));
    }

    [Fact(Timeout = 120_000)]
    public async Task Damaged_block_without_peers_names_its_height_and_the_command_for_a_backup()
    {
        await RawDatabase.FlipInBlockAsync(Leader, 3, 20);

        var line = Refusal.LineOf(await NodeProcess.RunAsync("--db-path", Leader, "--rpc-port", "0"), Refusal.DatabaseRefused);

        Refusal.AssertNames(3, line);
        Assert.EndsWith($": python3 blockchain.py backup restore --db-path {Leader} --backup-dir BACKUPS --replace", line, StringComparison.Ordinal);
        Assert.Single(Directory.GetDirectories(Leader));
    }
}
