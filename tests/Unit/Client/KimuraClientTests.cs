using System.Security.Cryptography;
using System.Text;
using Kimura.Chain;
using Kimura.Client;
using Kimura.Cryptography;
using Kimura.Tests.Unit.Gateway;
using Xunit;

namespace Kimura.Tests.Unit.Client;

/// <summary>The client package against a real node.</summary>
public sealed class KimuraClientTests : IDisposable
{
    private readonly PrivateKey _key = PrivateKey.Generate(bytes => RandomNumberGenerator.Fill(bytes.Span));

    public void Dispose() => _key.Dispose();

    [Fact]
    public async Task Messages_that_are_sent_are_followed_in_order_and_verify()
    {
        await using var node = await RpcNode.StartAsync(configuration => configuration with { Chain = new ChainParameters("client") });
        using var client = new KimuraClient(node.Node.RpcAddress);
        var status = await client.GetStatusAsync();
        var anchor = new TrustAnchor(new ChainParameters(status.ChainId), status.LeaderKey);
        using var sender = new MessageSender(client, _key, anchor.Parameters);
        var sent = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            sent.Add((await sender.SendAsync($"message {i}")).ToString());
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var seen = new List<string>();
        await foreach (var known in client.FollowMessagesAsync(0, sender.PublicKey, limit.Token))
        {
            Assert.Equal($"message {seen.Count}", Encoding.UTF8.GetString(known.Message.Content));
            var id = known.Message.ComputeId();
            seen.Add(id.ToString());
            var proof = await client.GetProofAsync(id, limit.Token);
            Assert.Equal(VerificationOutcome.Verified, anchor.Verify(known, proof!));
            Assert.Equal(known.Place, (await client.GetMessageAsync(id, limit.Token))!.Place);
            Assert.Equal(VerificationOutcome.WrongProducer, (anchor with { LeaderKey = sender.PublicKey }).Verify(known, proof!));
            Assert.Equal(VerificationOutcome.BadSenderSignature, (anchor with { Parameters = new ChainParameters("other") }).Verify(known, proof!));
            Assert.Equal(VerificationOutcome.WrongPlace, anchor.Verify(known with { Place = null }, proof!));
            Assert.Equal(VerificationOutcome.WrongPath, anchor.Verify(known, proof! with { Count = proof.Count + 64 }));
            var later = proof.Header with { Timestamp = proof.Header.Timestamp + 1 };
            Assert.Equal(VerificationOutcome.BadProducerSignature, anchor.Verify(known, proof with { Header = later }));
            if (seen.Count == sent.Count)
            {
                break;
            }
        }

        Assert.Equal(sent, seen);
        Assert.Equal(5UL, await client.GetNonceAsync(sender.PublicKey, limit.Token));
    }

    [Fact]
    public async Task Blocks_are_followed_from_any_height_and_what_is_not_there_is_null()
    {
        await using var node = await RpcNode.StartAsync();
        using var client = new KimuraClient(node.Node.RpcAddress);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var next = 1UL;
        await foreach (var block in client.FollowBlocksAsync(1, limit.Token))
        {
            Assert.Equal(next, block.Height);
            Assert.Equal((await client.GetBlockAsync(next, limit.Token))!.Hash, block.Hash);
            if (next++ == 10)
            {
                break;
            }
        }

        Assert.True(await client.GetHeightAsync(limit.Token) >= 10);
        Assert.Null(await client.GetBlockAsync(ulong.MaxValue, limit.Token));
        Assert.Null(await client.GetMessageAsync(new MessageId(default), limit.Token));
        Assert.Null(await client.GetProofAsync(new MessageId(default), limit.Token));
        using var stranger = new MessageSender(client, _key, new ChainParameters("other"));
        var refused = await Assert.ThrowsAsync<KimuraRpcException>(() => stranger.SendAsync("for another chain", limit.Token));
        Assert.Equal(-32001, refused.Code);
    }
}
