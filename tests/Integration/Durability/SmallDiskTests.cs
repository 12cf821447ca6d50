using Kimura.Tests.Integration.Harness;
using Kimura.Tests.Integration.Refusing;
using Xunit;

namespace Kimura.Tests.Integration.Durability;

/// <summary>A disk that fills up under a node, and has room again later.</summary>
public sealed class SmallDiskTests(ITestOutputHelper output)
{
    private const int Unavailable = -32007;

    // Where RocksDB ends the process.
    private const int Aborted = 128 + 6;
    private const int DiskSize = 192;
    private const long Reserve = 24 << 20;

    [Fact(Timeout = 180_000)]
    public async Task Node_pauses_before_the_disk_is_full_and_goes_on_by_itself()
    {
        await using var disk = await SmallDisk.MountAsync(DiskSize);
        using var sender = new Sender();
        await using var node = await NodeProcess.StartTestModeAsync(Path.Combine(disk.Root, "data"), "--disk-reserve", $"{Reserve}");
        using var rpc = node.Client();
        var answered = new List<SignedMessage>();
        await SubmitAsync(rpc, sender, answered, 20, 100);

        disk.Fill(Reserve / 2);
        await RefusedAsync(rpc, sender, answered, 100);
        await CheckPausedAsync(node, rpc, answered);
        var height = await rpc.HeightAsync();

        disk.Empty();
        await AcceptedAsync(rpc, sender, answered);
        await ReadyAgainAsync(rpc);
        Assert.True(await rpc.HeightAsync() >= height);
        await CheckChainAsync(rpc, sender, answered);
        Assert.Contains(node.Errors.Lines, line => line.Contains("The disk has room again", StringComparison.Ordinal));
    }

    [Fact(Timeout = 180_000)]
    public async Task Node_that_ran_into_a_full_disk_ends_and_has_everything_when_it_is_started_with_room_again()
    {
        await using var disk = await SmallDisk.MountAsync(DiskSize);
        using var sender = new Sender();
        var answered = new List<SignedMessage>();
        var data = Path.Combine(disk.Root, "data");
        await using (var node = await NodeProcess.StartTestModeAsync(data, "--disk-reserve", "0"))
        {
            using var rpc = node.Client();
            await SubmitAsync(rpc, sender, answered, 20, 100);
            disk.Fill(0);
            await RefusedAsync(rpc, sender, answered, 60_000);
            var ending = await node.EndAsync();
            output.WriteLine($"at the wall: exit code {ending.Code}");
            Assert.True(ending.Code is Refusal.StorageFailed or Aborted, ending.ToString());
        }

        disk.Fill(0);
        await using (var full = NodeProcess.Launch(["--test-mode", "--db-path", data, "--rpc-port", "0", "--disk-reserve", "0"]))
        {
            var ending = await full.EndAsync();
            Assert.True(ending.Code == Refusal.StorageFailed, ending.ToString());
            Assert.Contains("make room and start again", Refusal.PlainLineOf(ending), StringComparison.Ordinal);
        }

        disk.Empty();
        await using var again = await NodeProcess.StartTestModeAsync(data, "--disk-reserve", "0", "--verify", "full");
        using var client = again.Client();
        await AcceptedAsync(client, sender, answered);
        await CheckChainAsync(client, sender, answered);
    }

    [Fact(Timeout = 180_000)]
    public async Task Peer_on_a_full_disk_stops_storing_and_catches_up_later()
    {
        await using var disk = await SmallDisk.MountAsync(DiskSize);
        using var folder = new TempDirectory();
        await using var leader = await NodeProcess.StartTestModeAsync(folder.PathOf("leader"));
        await using var peer = await NodeProcess.StartPeerAsync(
            Path.Combine(disk.Root, "data"), leader.NetworkAddress, "--test-mode", "--disk-reserve", $"{Reserve}");
        using var upstream = leader.Client();
        using var rpc = peer.Client();
        await rpc.HeightAsync(3);

        disk.Fill(Reserve / 2);
        await Eventually.HoldsAsync(async () => (await rpc.GetAsync("/health/ready")).Text.Contains("in reserve", StringComparison.Ordinal), "a peer that pauses");
        var stopped = await rpc.HeightAsync();
        await upstream.HeightAsync(stopped + 10);
        Assert.InRange(await rpc.HeightAsync(), stopped, stopped + 1);

        disk.Empty();
        await rpc.HeightAsync(stopped + 10);
        await SameChain.CheckAsync(upstream, rpc);
    }

    private static async Task SubmitAsync(RpcClient rpc, Sender sender, List<SignedMessage> answered, int count, int size)
    {
        for (var i = 0; i < count; i++)
        {
            var message = sender.Sign(new string('x', size));
            await rpc.SubmitAsync(message);
            answered.Add(message);
        }
    }

    // Every answer until then is yes; a node that ends may give none.
    private static async Task RefusedAsync(RpcClient rpc, Sender sender, List<SignedMessage> answered, int size)
    {
        while (true)
        {
            var message = sender.SignAt((ulong)answered.Count, new string('y', size));
            RpcReply reply;
            try
            {
                reply = await rpc.SendAsync("submit_message", message.ToParameters());
            }
            catch (HttpRequestException)
            {
                return;
            }

            if (reply.Error is not null)
            {
                Assert.True(reply.Error.Code == Unavailable, reply.ToString());
                return;
            }

            answered.Add(message);
        }
    }

    // The message that was refused may be on disk all the same: the same one again is taken, or known.
    private static async Task AcceptedAsync(RpcClient rpc, Sender sender, List<SignedMessage> answered)
    {
        await Eventually.HoldsAsync(
            async () =>
            {
                var next = await rpc.NonceAsync(sender);
                Assert.InRange(next, (ulong)answered.Count, (ulong)answered.Count + 1);
                var reply = await rpc.SendAsync("submit_message", sender.SignAt(next, "room").ToParameters());
                Assert.True(reply.Error is null or { Code: Unavailable }, reply.ToString());
                return reply.Error is null;
            },
            "a node that takes messages again",
            Limits.Start);
        for (var nonce = (ulong)answered.Count; nonce < await rpc.NonceAsync(sender); nonce++)
        {
            answered.Add(sender.SignAt(nonce, "room"));
        }
    }

    private static async Task CheckPausedAsync(NodeProcess node, RpcClient rpc, List<SignedMessage> answered)
    {
        Assert.NotEmpty(answered);
        foreach (var message in answered.TakeLast(3))
        {
            var read = await rpc.CallAsync("get_message", new { message_id = message.Id.ToString() });
            Assert.Equal(message.Content, read.GetProperty("content").GetString());
        }

        await rpc.CallAsync("get_block", new { height = "latest", include_messages = true });
        await Eventually.HoldsAsync(async () => (await rpc.GetAsync("/health/ready")) is (503, var text) && text.Contains("disk", StringComparison.Ordinal), "a node that is not ready");
        var metrics = await rpc.GetAsync("/metrics");
        Assert.Matches(@"(?m)^kimura_storage_paused\S* 1$", metrics.Text);
        Assert.False(node.HasEnded);
    }

    private static Task ReadyAgainAsync(RpcClient rpc) =>
        Eventually.HoldsAsync(async () => (await rpc.GetAsync("/health/ready")).Status == 200, "a node that is ready again");

    private static async Task CheckChainAsync(RpcClient rpc, Sender sender, List<SignedMessage> answered)
    {
        await rpc.NothingPendingAsync();
        var chain = await WalkedChain.WalkAsync(rpc);
        Assert.All(answered, message => Assert.Contains(message.Id, chain.Messages));
        Assert.Equal((ulong)answered.Count, chain.NextNonce(sender.PublicKey));
        Assert.Equal(answered.Count, chain.Messages.Count);
    }
}
