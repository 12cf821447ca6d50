using System.Text.Json;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Interfaces;
using Xunit;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>What the reads give: shapes as documented, and bytes that prove themselves.</summary>
[Collection(GatewayCollection.Name)]
public sealed class ReadTests(SharedNode shared)
{
    [Fact]
    public async Task A_block_is_the_same_by_height_by_hash_and_as_a_proof_shows_it()
    {
        using var sender = new Sender();
        var batch = string.Join(',', Enumerable.Range(0, 5).Select(i => sender.Params((ulong)i, $"m{i}")));
        await shared.Node.ResultAsync("submit_messages", $"[[{batch}]]");
        var message = await shared.Node.ConfirmedAsync(sender.IdOf(4));
        var height = message.GetProperty("height").GetUInt64();
        var block = await shared.Node.ResultAsync("get_block", $"[{height},true]");
        var hash = block.GetProperty("hash").GetString();
        var byHash = await shared.Node.ResultAsync("get_block", $"[\"0x{hash}\",true]");
        Assert.Equal(block.GetRawText(), byHash.GetRawText());
        var index = message.GetProperty("index").GetInt32();
        Assert.Equal(message.GetRawText(), block.GetProperty("messages")[index].GetRawText());
        Assert.Equal(sender.IdOf(4), block.GetProperty("message_ids")[index].GetString());

        var proof = await shared.Node.ResultAsync("get_proof", sender.IdParams(4));
        Assert.Equal(hash, proof.GetProperty("hash").GetString());
        Assert.Equal(block.GetProperty("header").GetRawText(), proof.GetProperty("header").GetRawText());
        Assert.Equal(block.GetProperty("message_hashes")[index].GetString(), proof.GetProperty("message_hash").GetString());
        Assert.Equal(block.GetProperty("message_ids").GetArrayLength(), proof.GetProperty("count").GetInt32());
        AssertProves(proof);
    }

    [Fact]
    public async Task A_pending_message_has_no_place_and_no_proof()
    {
        await using var node = await RpcNode.StartAsync(configuration => configuration with { BlockInterval = TimeSpan.FromHours(1) });
        using var sender = new Sender();
        await node.ResultAsync("submit_message", sender.Params(0, "a"));
        var message = await node.ResultAsync("get_message", sender.IdParams(0));
        Assert.Equal("pending", message.GetProperty("status").GetString());
        Assert.False(message.TryGetProperty("height", out _));
        Assert.True(message.GetProperty("timestamp").GetUInt64() > 0);
        var reply = await node.CallAsync("get_proof", sender.IdParams(0));
        Assert.Equal(-32004, reply.Code);
        Assert.Equal("pending", reply.Data.GetProperty("status").GetString());
        Assert.Equal(1, (await node.ResultAsync("get_status")).GetProperty("pending").GetInt32());
    }

    [Fact]
    public async Task Content_that_is_not_utf8_is_null_and_given_as_hex()
    {
        using var sender = new Sender();
        var intake = shared.Node.Node.Grains.GetGrain<IIntakeGrain>(0);
        var results = await intake.SubmitAsync(new SubmissionBatch(sender.Sign(0, [0x61, 0xff, 0x00]), 1));
        Assert.Equal(SubmissionOutcome.Accepted, results.Results[0].Outcome);
        var message = await shared.Node.ResultAsync("get_message", sender.IdParams(0));
        Assert.Equal(JsonValueKind.Null, message.GetProperty("content").ValueKind);
        Assert.Equal("61ff00", message.GetProperty("content_hex").GetString());
    }

    [Fact]
    public async Task Blocks_of_a_range_come_in_order_as_far_as_there_are_any()
    {
        ulong tip;
        do
        {
            tip = (await shared.Node.ResultAsync("get_height")).GetProperty("height").GetUInt64();
        }
        while (tip < 40);

        var blocks = await shared.Node.ResultAsync("get_blocks", "[2,39]");
        Assert.Equal(
            Enumerable.Range(2, 38), blocks.EnumerateArray().Select(block => block.GetProperty("header").GetProperty("height").GetInt32()));
        Assert.All(blocks.EnumerateArray(), block => Assert.False(block.TryGetProperty("messages", out _)));
        var beyond = await shared.Node.ResultAsync("get_blocks", $"[30,{30 + 999}]");
        Assert.InRange(beyond.GetArrayLength(), 11, 999);
        Assert.Equal(0, (await shared.Node.ResultAsync("get_blocks", "[18446744073709551000,18446744073709551615]")).GetArrayLength());
        Assert.Single((await shared.Node.ResultAsync("get_blocks", "[7,7]")).EnumerateArray().ToArray());
    }

    [Fact]
    public async Task Messages_of_a_sender_come_by_nonce()
    {
        using var sender = new Sender();
        const int Count = 150;
        var batch = string.Join(',', Enumerable.Range(0, Count).Select(i => sender.Params((ulong)i, $"m{i}")));
        await shared.Node.ResultAsync("submit_messages", $"[[{batch}]]");
        (string Params, int First, int Expected)[] table =
        [
            ("", 0, Count), (",0,1000", 0, Count), (",0,150", 0, Count), (",0,149", 0, 149), (",0,64", 0, 64), (",0,65", 0, 65),
            (",10", 10, 140),
            (",10,1", 10, 1), (",149", 149, 1), (",150", 150, 0), (",18446744073709551615", 0, 0), (",null,3", 0, 3),
        ];
        foreach (var (parameters, first, expected) in table)
        {
            var messages = await shared.Node.ResultAsync("get_messages", $"[\"{sender.PublicKey}\"{parameters}]");
            Assert.Equal(
                Enumerable.Range(first, expected), messages.EnumerateArray().Select(message => message.GetProperty("nonce").GetInt32()));
        }
    }

    [Fact]
    public async Task The_status_tells_of_the_node()
    {
        var status = await shared.Node.ResultAsync("get_status");
        var genesis = await shared.Node.ResultAsync("get_block", "[0]");
        Assert.Equal(genesis.GetProperty("hash").GetString(), status.GetProperty("genesis_hash").GetString());
        Assert.Equal(JsonValueKind.Null, status.GetProperty("chain_id").ValueKind);
        Assert.Equal("leader", status.GetProperty("role").GetString());
        Assert.Equal(50, status.GetProperty("block_interval_ms").GetInt32());
        Assert.False(status.GetProperty("syncing").GetBoolean());
        var latest = await shared.Node.ResultAsync("get_block", "[\"latest\"]");
        if (latest.GetProperty("header").GetProperty("height").GetInt64() > 0)
        {
            Assert.Equal(status.GetProperty("leader_key").GetString(), latest.GetProperty("header").GetProperty("producer_pubkey").GetString());
        }
    }

    [Fact]
    public async Task A_result_of_many_megabytes_arrives_whole()
    {
        await using var node = await RpcNode.StartAsync(configuration => configuration with { BlockInterval = TimeSpan.FromMilliseconds(500) });
        using var sender = new Sender();
        const int Count = 100;
        var content = new string('\u00e9', 32_000);
        var batch = string.Join(',', Enumerable.Range(0, Count).Select(i => sender.Params((ulong)i, content)));
        var results = await node.ResultAsync("submit_messages", $"[[{batch}]]");
        Assert.All(results.EnumerateArray(), result => Assert.Equal(0, Reply.CodeOf(result)));
        var height = (await node.ConfirmedAsync(sender.IdOf(Count - 1))).GetProperty("height").GetUInt64();
        var block = await node.ResultAsync("get_block", $"[{height},true]");
        var messages = block.GetProperty("messages").EnumerateArray().ToArray();
        Assert.Equal(Count, messages.Length);
        Assert.Equal(
            block.GetProperty("message_ids").EnumerateArray().Select(id => id.GetString()),
            messages.Select(message => message.GetProperty("message_id").GetString()));
        Assert.Equal(Enumerable.Range(0, Count), messages.Select(message => message.GetProperty("index").GetInt32()));
        Assert.All(messages, message => Assert.Equal(content, message.GetProperty("content").GetString()));
        Assert.Equal(Count, (await node.ResultAsync("get_messages", $"[\"{sender.PublicKey}\"]")).GetArrayLength());
    }

    private static void AssertProves(JsonElement proof)
    {
        var header = proof.GetProperty("header");
        var id = new MessageId(HashOf(proof, "message_id"));
        var leaf = MerkleTree.Leaf(id, new MessageHash(HashOf(proof, "message_hash")));
        Assert.Equal(HashOf(proof, "leaf"), leaf);
        byte[] path = [.. proof.GetProperty("path").EnumerateArray().SelectMany(step => Convert.FromHexString(step.GetString()!))];
        var root = MerkleTree.RootFromPath(leaf, proof.GetProperty("index").GetInt32(), proof.GetProperty("count").GetInt32(), path);
        Assert.Equal(HashOf(header, "message_root"), root);
        var parsed = new BlockHeader(
            header.GetProperty("height").GetUInt64(),
            header.GetProperty("timestamp").GetUInt64(),
            new BlockHash(HashOf(header, "prev_hash")),
            HashOf(header, "message_root"),
            new PublicKey(Convert.FromHexString(header.GetProperty("producer_pubkey").GetString()!)),
            new Signature(Convert.FromHexString(header.GetProperty("producer_sig").GetString()!)));
        Assert.Equal(HashOf(proof, "hash"), parsed.ComputeHash().Value);
        Assert.True(parsed.HasValidSignature(parsed.ComputeHash()));
    }

    private static Hash32 HashOf(JsonElement from, string name) => new(Convert.FromHexString(from.GetProperty(name).GetString()!));
}
