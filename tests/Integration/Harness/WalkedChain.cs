using System.Text.Json;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Xunit;

namespace Kimura.Tests.Integration.Harness;

/// <summary>
/// The whole chain as a node hands it out, each block and each message checked from genesis on: links, roots, producer, signatures,
/// bodies, nonces, and no id twice.
/// </summary>
internal sealed class WalkedChain
{
    private const ulong Page = 500;

    private readonly Dictionary<PublicKey, ulong> _nonces = [];
    private readonly ChainParameters _parameters;
    private readonly ProducerSchedule _producers;

    private WalkedChain(ChainParameters parameters, PublicKey leader)
    {
        _parameters = parameters;
        _producers = new ProducerSchedule(leader);
        Leader = leader;
        Blocks.Add(parameters.Genesis);
    }

    public PublicKey Leader { get; }

    public List<Block> Blocks { get; } = [];

    /// <summary>Each confirmed message and the height of its block.</summary>
    public Dictionary<MessageId, (ulong Height, Message Message)> Messages { get; } = [];

    /// <summary>A sender's next nonce by the blocks.</summary>
    public ulong NextNonce(PublicKey sender) => _nonces.GetValueOrDefault(sender);

    /// <summary>Walks to the tip as it is when the walk begins.</summary>
    public static async Task<WalkedChain> WalkAsync(RpcClient rpc, ChainParameters? parameters = null)
    {
        var status = await rpc.CallAsync("get_status");
        Assert.True(PublicKey.TryParse(status.GetProperty("leader_key").GetString(), out var leader));
        var chain = new WalkedChain(parameters ?? new ChainParameters(), leader);
        Assert.Equal(chain.Blocks[0].Hash.ToString(), status.GetProperty("genesis_hash").GetString());
        var tip = status.GetProperty("height").GetUInt64();
        for (var from = 0UL; from <= tip; from += Page)
        {
            var last = Math.Min(tip, from + Page - 1);
            var blocks = await rpc.CallAsync("get_blocks", new { from, to = last });
            Assert.Equal((int)(last - from + 1), blocks.GetArrayLength());
            foreach (var json in blocks.EnumerateArray())
            {
                Assert.False(json.TryGetProperty("messages", out _));
                await chain.AddAsync(ChainReading.ReadBlock(json), rpc);
            }
        }

        return chain;
    }

    private async Task AddAsync(Block block, RpcClient rpc)
    {
        if (block.Height == 0)
        {
            Assert.Equal(_parameters.Genesis.Hash, block.Hash);
            return;
        }

        Assert.Equal(Verdict.Ok, BlockVerifier.CheckSelf(block, _producers));
        Assert.Equal(Verdict.Ok, BlockVerifier.CheckPlace(block, Blocks[^1], stored: null, ulong.MaxValue));
        Blocks.Add(block);
        if (block.Count == 0)
        {
            return;
        }

        var json = await rpc.CallAsync("get_block", new { height = block.Height, include_messages = true });
        Assert.Equal(block.Hash, ChainReading.ReadBlock(json).Hash);
        var bodies = json.GetProperty("messages").EnumerateArray().Select((body, i) => ReadBody(body, block, i)).ToList();
        Assert.Equal(block.Count, bodies.Count);
        Assert.Equal(BodyCheck.Ok, BodyVerifier.CheckList(block));
        Assert.Equal(BodyCheck.Ok, BodyVerifier.CheckBodies(block, bodies, 0, bodies.Count, _parameters));
        Assert.Equal(BodyCheck.Ok, BodyVerifier.CheckNonces(bodies, _nonces));
        foreach (var body in bodies)
        {
            Assert.True(Messages.TryAdd(body.ComputeId(), (block.Height, body)), $"{body.ComputeId()} is in block {block.Height} and in one before");
        }
    }

    private static Message ReadBody(JsonElement json, Block block, int index)
    {
        Assert.Equal("confirmed", json.GetProperty("status").GetString());
        Assert.Equal(block.Height, json.GetProperty("height").GetUInt64());
        Assert.Equal(index, json.GetProperty("index").GetInt32());
        return ChainReading.ReadMessage(json);
    }
}
