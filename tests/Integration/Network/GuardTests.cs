using Kimura.Libp2p.Identities;
using Kimura.Tests.Integration.Harness;
using Kimura.Tests.Integration.Refusing;
using Kimura.Tests.Integration.Running;
using Xunit;

namespace Kimura.Tests.Integration.Network;

/// <summary>The sign guard's second half: a leader whose disk was put back asks its peers what it has signed, before it signs again.</summary>
public sealed class GuardTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    private string Data => _folder.PathOf("leader");

    private string Older => _folder.PathOf("older");

    public void Dispose() => _folder.Dispose();

    [Theory(Timeout = 300_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Leader_with_an_older_copy_fetches_its_blocks_back_before_it_makes_one(bool guardToo)
    {
        await using var link = new LinkProxy();
        using var sender = new Sender();
        PeerId id;
        await using (var first = await NodeProcess.StartTestModeAsync(Data))
        {
            id = first.NetworkAddress.Peer;
            using var rpc = first.Client();
            await rpc.SubmitAsync(sender.Sign(10, "in the copy"));
            await rpc.HeightAsync(5);
            Stopped.Check(await first.EndAsync(Signals.Terminate));
        }

        TempDirectory.Copy(Data, Older);
        await using var peer = await NodeProcess.StartPeerAsync(_folder.PathOf("peer"), link.Address.WithPeer(id));
        using var reader = peer.Client();
        var signed = await SignMoreAsync(link, reader, sender);
        Directory.Delete(RawDatabase.DirectoryOf(Data), recursive: true);
        TempDirectory.Copy(RawDatabase.DirectoryOf(Older), RawDatabase.DirectoryOf(Data));
        if (guardToo)
        {
            File.Copy(Path.Combine(Older, "leader.key.guard"), Path.Combine(Data, "leader.key.guard"), overwrite: true);
        }

        await using var again = await NodeProcess.StartTestModeAsync(Data, "--leader", "--leader-address", peer.NetworkAddress.ToString());
        link.LeadTo(again);
        using var leader = again.Client();
        await leader.HeightAsync(signed + 3);
        await reader.HeightAsync(signed + 3);
        await reader.SyncedAsync();
        var last = sender.Sign(10, "afterwards");
        await Eventually.HoldsAsync(() => IsTakenAsync(reader, last), "messages taken through the peer");
        await leader.NothingPendingAsync();

        var chain = await SameChain.CheckAsync(leader, reader);
        Assert.Equal(30, chain.Messages.Count);
        Assert.True(chain.Blocks.Count > (int)signed + 3);
        var produced = again.Errors.Lines.Where(line => line.Contains("Produced block ", StringComparison.Ordinal)).ToList();
        Assert.DoesNotContain(produced, line => Enumerable.Range(1, (int)signed).Any(height => line.Contains($"Produced block {height} ", StringComparison.Ordinal)));
        foreach (var node in new[] { leader, reader })
        {
            Assert.Equal(0, (await node.CallAsync("get_status")).GetProperty("equivocations").GetInt32());
        }
    }

    // Both nodes dial each other: one of two connections ends, and what was asked over it is asked again, as any client does.
    private static async Task<bool> IsTakenAsync(RpcClient peer, IReadOnlyList<SignedMessage> messages)
    {
        var results = await peer.CallAsync("submit_messages", new { messages = messages.Select(message => message.ToParameters()) });
        return results.EnumerateArray().All(result => !result.TryGetProperty("error", out var error)
            || (error.GetProperty("code").GetInt32() == -32003 && error.GetProperty("data").GetProperty("same_content").GetBoolean()));
    }

    // Ends the leader where the peer has all of its blocks, and gives the height. What only its guard knows it would rightly wait for.
    private async Task<ulong> SignMoreAsync(LinkProxy link, RpcClient reader, Sender sender)
    {
        var messages = sender.Sign(10, "behind the copy");
        while (true)
        {
            await using var leader = await NodeProcess.StartAsync(Data, "--block-interval-ms", "500");
            link.LeadTo(leader);
            using var rpc = leader.Client();
            if (messages.Length > 0)
            {
                await rpc.SubmitAsync(messages);
                messages = [];
            }

            await rpc.NothingPendingAsync();
            await reader.HeightAsync(await rpc.HeightAsync() + 2);
            await leader.EndAsync(Signals.Kill);
            var last = (await RawDatabase.ReadBlocksAsync(Data))[^1].Height;
            if (await reader.HeightAsync() == last)
            {
                return last;
            }
        }
    }
}
