using System.Security.Cryptography;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Cryptography;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Network.Hostile;

/// <summary>Strangers that a real node asks, and that do not answer truly.</summary>
public sealed class FalseServerTests(FollowerUnderTest follower) : IClassFixture<FollowerUnderTest>
{
    private byte[] _self = [];
    private byte[] _selfAddress = [];

    private OwnChain Chain => follower.Chain;

    [Fact(Timeout = 180_000)]
    public async Task Claimed_height_without_a_signed_header_moves_nobody()
    {
        using var stolen = PrivateKey.Generate(static bytes => RandomNumberGenerator.Fill(bytes.Span));
        BlockHeader[] claims =
        [
            Chain.Tip.Header with { Height = 1_000 },
            OwnChain.Resign(Chain.Tip, header => header with { Height = 2_000 }, stolen, Chain.Leader).Header,
        ];
        foreach (var claim in claims)
        {
            await using var stranger = await Stranger.StartAsync((Stranger.Status, _ => Chain.Status(claim).ToArray()));
            await stranger.MeetAsync(follower.Node);
            await follower.Node.Errors.FindAsync(
                line => line.Contains($"{stranger.Host.Id} claims height {claim.Height}", StringComparison.Ordinal), Limits.Step);
            var status = await follower.Rpc.CallAsync("get_status");
            Assert.True(status.GetProperty("target_height").GetUInt64() <= Chain.Tip.Height);
            Assert.False(status.GetProperty("syncing").GetBoolean());
            Assert.Equal(0, stranger.AskedFor(Stranger.Sync));
        }
    }

    [Fact(Timeout = 180_000)]
    public async Task Servers_of_garbage_wrong_lists_and_substituted_messages_are_dropped_and_another_is_asked()
    {
        // The strangers know the blocks before the source tells of them, and are the only ones to ask.
        Chain.Append(messages: 3);
        Chain.Append(messages: 2);
        var tip = (int)Chain.Tip.Height;
        var liars = await Task.WhenAll(
            LiarAsync(_ => RandomNumberGenerator.GetBytes(200)),
            LiarAsync(request => Chain.Answer(request, tip, made => (WithWrongList(made.Block), made.Bodies))),
            LiarAsync(request => Chain.Answer(request, tip, made => (made.Block, [.. made.Bodies.Select(Substitute)]))),
            LiarAsync(request => Chain.Answer(request, tip, made => (made.Block, [.. made.Bodies.Reverse()]))));
        foreach (var liar in liars)
        {
            // Each of them is the first to be asked at some time: who has lied once has to say again what it has.
            await liar.DroppedByAsync(follower.Node);
            Assert.True(liar.AskedFor(Stranger.Sync) > 0);
        }

        Assert.True(await follower.Rpc.HeightAsync() < (ulong)tip);
        follower.Told = tip;
        await follower.HasAsync(tip);
        Assert.Equal(liars.Length, (await Metrics.ReadAsync(follower.Rpc)).Value("kimura_network_blamed_total"));
        await WalkedChain.WalkAsync(follower.Rpc);
        foreach (var liar in liars)
        {
            await liar.DisposeAsync();
        }

        async Task<Stranger> LiarAsync(Func<byte[], byte[]> answer)
        {
            var liar = await Stranger.StartAsync((Stranger.Status, _ => Chain.Status(tip)), (Stranger.Sync, answer));
            await liar.MeetAsync(follower.Node);
            return liar;
        }
    }

    [Fact(Timeout = 180_000)]
    public async Task Peer_of_another_chain_is_sent_away_and_told_of_once()
    {
        await using var first = await OfAnotherChainAsync();
        for (var again = 0; again < 2; again++)
        {
            await first.DialAsync(follower.Node);
            await first.DroppedByAsync(follower.Node);
        }

        // By the time that another one is told of, all that was to be said of the first is there.
        await using var second = await OfAnotherChainAsync();
        await second.DialAsync(follower.Node);
        var line = await follower.Node.Errors.FindAsync(line => IsToldOf(line, second), Limits.Step);
        Assert.Contains("another", line, StringComparison.Ordinal);
        Assert.True(first.AskedFor(Stranger.Status) >= 2);
        Assert.Single(follower.Node.Errors.Lines, line => IsToldOf(line, first));

        static bool IsToldOf(string line, Stranger stranger) => line.Contains($"{stranger.Host.Id} is of another chain", StringComparison.Ordinal);

        static Task<Stranger> OfAnotherChainAsync()
        {
            var another = new Kimura.Chain.ChainParameters("another");
            return Stranger.StartAsync((Stranger.Status, _ => new Kimura.Libp2p.Encodings.ProtoWriter()
                .Bytes(1, another.Genesis.Hash.Value.ToArray())
                .Text(2, "another")
                .Bytes(3, OwnChain.WithVersion(1, another.Genesis.Header))
                .ToArray()));
        }
    }

    [Fact(Timeout = 180_000)]
    public async Task Impostor_in_the_leaders_place_is_not_believed()
    {
        using var sender = new Sender();
        await using var leader = await Stranger.StartAsync();
        var accepted = new Kimura.Libp2p.Encodings.ProtoWriter().Message(1, new Kimura.Libp2p.Encodings.ProtoWriter().Number(1, 0)).ToArray();

        // One says that it is the leader, under a signature for somebody else; one answers at the address of the real leader, which is away.
        await using var impostor = await Stranger.StartAsync(
            (Stranger.Submit, _ => accepted),
            (Stranger.Status, _ => Chain.Status(Chain.Tip.Header)
                .Bytes(5, _self).Bytes(6, _selfAddress).Bytes(7, RandomNumberGenerator.GetBytes(64)).ToArray()));
        (_self, _selfAddress) = (impostor.Host.Id.Bytes.ToArray(), impostor.Address.Bytes.ToArray());
        await using var teller = await Stranger.StartAsync(
            (Stranger.Submit, _ => accepted),
            (Stranger.Status, _ => Chain.StatusWithLeader((int)Chain.Tip.Height, leader.Host.Id.Bytes.ToArray(), impostor.Address.WithoutPeer().Bytes.ToArray())));
        await impostor.MeetAsync(follower.Node);
        await teller.MeetAsync(follower.Node);
        await Eventually.HoldsAsync(
            async () =>
            {
                Assert.Equal(-32007, (await follower.Rpc.SendAsync("submit_message", sender.SignAt(0, "to the leader").ToParameters())).Error!.Code);
                return impostor.AskedFor(Stranger.Status) > 0 && follower.Node.Errors.Lines.Any(
                    line => line.Contains($"The leader cannot be reached, submissions are refused until it can: {impostor.Address.WithoutPeer()}", StringComparison.Ordinal));
            },
            "an attempt at the impostor's address");
        Assert.Equal(-32007, (await follower.Rpc.SendAsync("submit_message", sender.SignAt(0, "to the leader").ToParameters())).Error!.Code);
        Assert.Equal(0, impostor.AskedFor(Stranger.Submit));
        Assert.Equal(0, teller.AskedFor(Stranger.Submit));
    }

    [Fact(Timeout = 180_000)]
    public async Task Substituted_message_is_refused_and_the_right_one_fetched_from_another()
    {
        var tip = (int)Chain.Tip.Height;
        var right = Chain.BodiesAt(4)[1];

        // It gives true blocks, and another content for each message.
        await using var liar = await Stranger.StartAsync(
            (Stranger.Status, _ => Chain.Status(tip)),
            (Stranger.Sync, request => Chain.Answer(request, tip, made => (made.Block, [.. made.Bodies.Select(Substitute)]))));
        await using var node = await follower.StartNodeAsync("on-demand", liar, "--bodies", "on-demand");
        using var rpc = node.Client();
        await rpc.HeightAsync((ulong)tip);
        var asked = liar.AskedFor(Stranger.Sync);
        var id = new { message_id = right.ComputeId().ToString() };
        Assert.Null((await rpc.SendAsync("get_message", id)).Result);
        Assert.True(liar.AskedFor(Stranger.Sync) > asked);

        await follower.Source.DialAsync(node);
        var message = await Eventually.ValueAsync(async () => (await rpc.SendAsync("get_message", id)).Result is { } found ? new Found(found) : null, "the right message");
        Assert.Equal(right.Encoding.ToArray(), ChainReading.ReadMessage(message.Json).Encoding.ToArray());
        Assert.NotNull(await node.Errors.FindAsync(line => line.Contains($"{liar.Host.Id} is to blame", StringComparison.Ordinal), Limits.Step));
    }

    private static Block WithWrongList(Block block)
    {
        var entries = block.Entries.ToArray();
        if (entries.Length > 0)
        {
            entries[^1] ^= 1;
        }

        return Block.Create(block.Header, entries);
    }

    // Validly signed by its sender, with the same id: only the block says that it is not the one.
    private Message Substitute(Message message) => Chain.Sign(message.Nonce, "substituted", message.Timestamp);

    private sealed record Found(System.Text.Json.JsonElement Json);
}
