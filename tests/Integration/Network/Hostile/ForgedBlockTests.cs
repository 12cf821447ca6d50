using System.Security.Cryptography;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Cryptography;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Network.Hostile;

/// <summary>False blocks by gossip, each from a stranger of its own, at a real node: counted, not adopted, not forwarded.</summary>
public sealed class ForgedBlockTests(FollowerUnderTest follower) : IClassFixture<FollowerUnderTest>
{
    private const int TooMuch = (1 << 20) - 1023;

    private OwnChain Chain => follower.Chain;

    [Fact(Timeout = 180_000)]
    public async Task Forged_blocks_are_counted_under_their_verdict_and_neither_adopted_nor_forwarded()
    {
        await using var witness = await Stranger.StartAsync();
        await witness.MeetAsync(follower.Node);
        using var stolen = PrivateKey.Generate(static bytes => RandomNumberGenerator.Fill(bytes.Span));
        foreach (var (verdict, source, data) in Forgeries(stolen))
        {
            var before = await follower.VerdictsAsync(verdict, source);
            await using var stranger = await Stranger.StartAsync();
            await stranger.MeetAsync(follower.Node);
            stranger.Publish(data);
            await Eventually.HoldsAsync(
                async () => await follower.VerdictsAsync(verdict, source) == before + 1, $"one more {verdict} by {source}");
        }

        // A true block comes through to the same witness, and is all that comes through.
        await follower.AppendAsync();
        await Eventually.HoldsAsync(() => Task.FromResult(witness.Heard.Count > 0), "a forwarded block");
        Assert.Equal(Chain.Tip.Encoding.ToArray(), Assert.Single(witness.Heard));
        Assert.Equal(Chain.Tip.Height, await follower.Rpc.HeightAsync());
        await WalkedChain.WalkAsync(follower.Rpc);
    }

    [Fact(Timeout = 180_000)]
    public async Task Who_keeps_sending_forged_blocks_is_dropped()
    {
        await using var stranger = await Stranger.StartAsync();
        await stranger.MeetAsync(follower.Node);
        for (var i = 0; i < 5; i++)
        {
            stranger.Publish(RandomNumberGenerator.GetBytes(300));
        }

        await stranger.DroppedByAsync(follower.Node);
        Assert.NotNull(follower.Source.Host.Find(follower.Node.NetworkAddress.Peer));
    }

    [Fact(Timeout = 180_000)]
    public async Task Second_block_at_one_height_by_the_leaders_key_is_kept_as_evidence_and_not_adopted()
    {
        var height = Chain.Tip.Height;
        var second = Chain.Resign(Chain.Tip, header => header with { Timestamp = header.Timestamp + 1 });
        await using var witness = await Stranger.StartAsync();
        await witness.MeetAsync(follower.Node);
        await using var stranger = await Stranger.StartAsync();
        await stranger.MeetAsync(follower.Node);
        var before = (await follower.Rpc.CallAsync("get_status")).GetProperty("equivocations").GetInt32();
        stranger.Publish(second.Encoding.ToArray());
        await Eventually.HoldsAsync(
            async () => (await follower.Rpc.CallAsync("get_status")).GetProperty("equivocations").GetInt32() == before + 1, "evidence");

        // The same header as an announcement is no second piece of evidence.
        var announced = await follower.VerdictsAsync("equivocation", "announcement");
        stranger.Publish(OwnChain.WithVersion(2, second.Header));
        await Eventually.HoldsAsync(async () => await follower.VerdictsAsync("equivocation", "announcement") == announced + 1, "another look");
        var metrics = await Metrics.ReadAsync(follower.Rpc);
        Assert.Equal(before + 1, metrics.Value("kimura_chain_equivocations_total"));
        Assert.True(await follower.VerdictsAsync("equivocation", "gossip") >= 1);

        // Nobody is to blame but the leader.
        Assert.NotNull(stranger.Host.Find(follower.Node.NetworkAddress.Peer));
        await follower.HasAsync((int)height);
        await follower.AppendAsync();
        await Eventually.HoldsAsync(() => Task.FromResult(witness.Heard.Count > 0), "a forwarded block");
        Assert.Equal(Chain.Tip.Encoding.ToArray(), Assert.Single(witness.Heard));
    }

    [Fact(Timeout = 180_000)]
    public async Task Good_header_with_a_forged_list_costs_the_relay_and_not_the_block()
    {
        var before = await follower.VerdictsAsync("bad_root", "gossip");
        await using var stranger = await Stranger.StartAsync();
        await stranger.MeetAsync(follower.Node);
        for (var i = 0; i < 3; i++)
        {
            // The true header each time, over a list that it does not commit to.
            var next = Chain.Append(messages: 2);
            var entries = next.Entries.ToArray();
            entries[40] ^= 1;
            stranger.Publish(Block.Create(next.Header, entries).Encoding.ToArray());
            await Eventually.HoldsAsync(async () => await follower.VerdictsAsync("bad_root", "gossip") > before + i || await IsGoneAsync(stranger), "a verdict");
            follower.Told = (int)next.Height;
            follower.Source.Publish(next.Encoding.ToArray());
            await follower.HasAsync((int)next.Height);
        }

        await stranger.DroppedByAsync(follower.Node);
    }

    [Fact(Timeout = 180_000)]
    public async Task Garbage_in_the_requests_disturbs_nobody()
    {
        var random = new Random(4711);
        await using var stranger = await Stranger.StartAsync();
        await stranger.MeetAsync(follower.Node);
        foreach (var protocol in new[] { Stranger.Status, Stranger.Sync, Stranger.Submit })
        {
            for (var i = 0; i < 10; i++)
            {
                var bytes = new byte[random.Next(1, 2_000)];
                random.NextBytes(bytes);
                try
                {
                    await stranger.AskAsync(follower.Node, protocol, bytes);
                }
                catch (Kimura.Libp2p.Libp2pException)
                {
                    // Refused, as it should be; random bytes may also be an empty request.
                }
            }
        }

        await follower.AppendAsync(messages: 3);
        Assert.DoesNotContain(follower.Node.Errors.Lines, line => line.Contains("A piece of network work failed", StringComparison.Ordinal));
    }

    private async Task<bool> IsGoneAsync(Stranger stranger)
    {
        await Task.CompletedTask;
        return stranger.Host.Find(follower.Node.NetworkAddress.Peer) is null;
    }

    private List<(string Verdict, string Source, byte[] Data)> Forgeries(PrivateKey stolen)
    {
        var thief = new byte[PublicKey.Size];
        stolen.CopyPublicKey(thief);
        var next = Chain.Next(messages: 2).Block;
        var entries = next.Entries.ToArray();
        entries[0] ^= 1;
        var wrongKey = OwnChain.Resign(next, header => header, stolen, new PublicKey(thief));
        var badSignature = OwnChain.Resign(next, header => header, stolen, Chain.Leader);
        var wrongLink = Chain.Resign(next, header => header with { PrevHash = Chain[3].Hash });
        var tooEarly = Chain.Resign(next, header => header with { Timestamp = Chain.Tip.Header.Timestamp });
        var future = Chain.Resign(next, header => header with { Timestamp = OwnChain.Now + 3_600_000 });
        var truncated = next.Encoding.ToArray()[..^1];
        var noHeight = Chain.Resign(next, header => header with { Height = 0 });
        return
        [
            ("bad_producer", "gossip", wrongKey.Encoding.ToArray()),
            ("bad_signature", "gossip", badSignature.Encoding.ToArray()),
            ("bad_root", "gossip", Block.Create(next.Header, entries).Encoding.ToArray()),
            ("bad_prev_hash", "gossip", wrongLink.Encoding.ToArray()),
            ("bad_timestamp", "gossip", tooEarly.Encoding.ToArray()),
            ("future", "gossip", future.Encoding.ToArray()),
            ("duplicate", "gossip", Chain[2].Encoding.ToArray()),
            ("bad_producer", "gossip", noHeight.Encoding.ToArray()),
            ("malformed", "gossip", truncated),
            ("malformed", "gossip", RandomNumberGenerator.GetBytes(500)),
            ("too_large", "gossip", RandomNumberGenerator.GetBytes(TooMuch)),
            ("bad_producer", "announcement", OwnChain.WithVersion(2, wrongKey.Header)),
            ("bad_signature", "announcement", OwnChain.WithVersion(2, badSignature.Header)),
            ("bad_prev_hash", "announcement", OwnChain.WithVersion(2, wrongLink.Header)),
            ("future", "announcement", OwnChain.WithVersion(2, future.Header)),
            ("duplicate", "announcement", OwnChain.WithVersion(2, Chain[2].Header)),
        ];
    }
}
