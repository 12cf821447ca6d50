using System.Globalization;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Network;

/// <summary>Nodes and wires that come and go: all end up with one chain, without a hand.</summary>
public sealed class HealingTests : IAsyncLifetime
{
    // 30 for the full length; a few seconds show the same, sooner.
    private const string CutVariable = "KIMURA_TEST_CUT_SECONDS";

    // After a long cut a node waits longer and longer before it dials again.
    private static readonly TimeSpan Redial = TimeSpan.FromSeconds(90);

    private readonly TempDirectory _folder = new();
    private readonly LinkProxy _link = new();
    private readonly Sender _sender = new();
    private NodeProcess _leader = null!;

    private static TimeSpan Cut { get; } =
        TimeSpan.FromSeconds(double.Parse(Environment.GetEnvironmentVariable(CutVariable) ?? "3", CultureInfo.InvariantCulture));

    public async ValueTask InitializeAsync() => await StartLeaderAsync();

    public async ValueTask DisposeAsync()
    {
        await _leader.DisposeAsync();
        await _link.DisposeAsync();
        _sender.Dispose();
        _folder.Dispose();
    }

    [Fact(Timeout = 180_000)]
    public async Task Leader_killed_and_started_again_is_followed_on()
    {
        await using var peer = await StartPeerAsync("peer");
        using var reader = peer.Client();
        await SubmitAsync(reader);
        await _leader.EndAsync(Signals.Kill);
        Assert.Equal(-32007, (await reader.SendAsync("submit_message", _sender.SignAt(20, "while it is away").ToParameters())).Error!.Code);

        await StartLeaderAsync();

        await GoesOnAsync(reader);
        await SubmitAsync(reader);
        await CheckAsync(40, reader);
    }

    [Fact(Timeout = 180_000)]
    public async Task Peer_killed_and_started_again_catches_up()
    {
        await using (var peer = await StartPeerAsync("peer"))
        {
            using var reader = peer.Client();
            await SubmitAsync(reader);
            await peer.EndAsync(Signals.Kill);
        }

        using (var rpc = _leader.Client())
        {
            await rpc.SubmitAsync(_sender.Sign(20, "while the peer is away"));
            await rpc.NothingPendingAsync();
        }

        await using var again = await StartPeerAsync("peer");
        using var client = again.Client();
        await SubmitAsync(client);
        await CheckAsync(60, client);
    }

    [Theory(Timeout = 300_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cut_link_heals(bool isClosed)
    {
        await using var peer = await StartPeerAsync("peer");
        using var reader = peer.Client();
        using var rpc = _leader.Client();
        await SubmitAsync(reader);
        if (isClosed)
        {
            _link.Close();
        }
        else
        {
            _link.Stall();
        }

        await rpc.SubmitAsync(_sender.Sign(20, "not heard at once"));
        await Task.Delay(Cut, TestContext.Current.CancellationToken);
        await rpc.HeightAsync(await reader.HeightAsync() + 10);
        _link.Restore();

        await GoesOnAsync(reader);
        await SubmitAsync(reader);
        await CheckAsync(60, reader);
    }

    [Fact(Timeout = 180_000)]
    public async Task Peer_started_before_its_leader_follows_when_it_comes()
    {
        await _leader.EndAsync(Signals.Terminate);
        await using var early = await NodeProcess.StartPeerAsync(_folder.PathOf("early"), _link.Address);
        using var reader = early.Client();
        var status = await reader.CallAsync("get_status");
        Assert.True(status.GetProperty("syncing").GetBoolean());
        Assert.Equal(0, status.GetProperty("peers").GetInt32());

        await StartLeaderAsync();

        await GoesOnAsync(reader);
        await SubmitAsync(reader);
        await CheckAsync(20, reader);
    }

    // In the same data directory each time, and behind the same address.
    private async Task StartLeaderAsync()
    {
        if (_leader is not null)
        {
            await _leader.DisposeAsync();
        }

        _leader = await NodeProcess.StartTestModeAsync(_folder.PathOf("leader"));
        _link.LeadTo(_leader);
    }

    private async Task<NodeProcess> StartPeerAsync(string name)
    {
        var peer = await NodeProcess.StartPeerAsync(_folder.PathOf(name), _link.Address.WithPeer(_leader.NetworkAddress.Peer));
        using var rpc = peer.Client();
        await rpc.SyncedAsync();
        return peer;
    }

    private async Task GoesOnAsync(RpcClient peer)
    {
        using var rpc = _leader.Client();
        await peer.HeightAsync(await rpc.HeightAsync() + 1, Redial);
        await peer.SyncedAsync();
    }

    private async Task SubmitAsync(RpcClient node) => await node.SubmitAsync(_sender.Sign(20, "through the peer"));

    private async Task CheckAsync(int messages, RpcClient peer)
    {
        using var rpc = _leader.Client();
        await rpc.NothingPendingAsync();
        Assert.Equal(messages, (await SameChain.CheckAsync(rpc, peer)).Messages.Count);
    }
}
