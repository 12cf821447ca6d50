using System.Text.Json.Nodes;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Cryptography;
using Xunit;

namespace Kimura.Tests.Unit.Chain.Golden;

public sealed class ChainsGoldenTests
{
    private const string BlocksFile = "blocks.json";

    [Fact]
    public void Genesis_of_each_chain_id_is_as_committed()
    {
        GoldenFile.Check("chain_ids.json", new JsonObject
        {
            ["description"] = "Chain ids and the genesis block of each (protocol sections 2 and 3). digest_key is the key of the keyed signing digest, "
                + "blake3(chain_id), null where there is no chain id; genesis is never received, so its producer fields are zero. " + GoldenFile.NumberRule,
            ["chains"] = GoldenFile.Array(new[] { null, "k", "kimura-golden", new string('9', 64) }.Select(Genesis)),
            ["refused_chain_ids"] = GoldenFile.Array(
                new[] { "", "Kimura", "kimura_1", "kimura.1", " kimura", "kimura\n", "kimurá", new string('a', 65) }.Select(id => (JsonNode)id)),
        });
    }

    [Fact]
    public void Refused_chain_ids_are_refused()
    {
        Assert.All(
            GoldenFile.Read("chain_ids.json")["refused_chain_ids"]!.AsArray(),
            id => Assert.Throws<ArgumentException>(() => new ChainParameters(id!.GetValue<string>())));
    }

    [Fact]
    public void Blocks_are_as_committed()
    {
        GoldenFile.Check(BlocksFile, new JsonObject
        {
            ["description"] = "Chains on top of their genesis (protocol section 3). hash = blake3(height ++ timestamp ++ prev_hash ++ message_root), which the "
                + "producer signs; encoding = 0x01, the header fields in the order given here, message_count (4 bytes), then id ++ message hash of each "
                + "message; messages are the messages' encodings, in block order. " + GoldenFile.NumberRule,
            ["chains"] = GoldenFile.Array([Chain(GoldenChain.WithId()), Chain(GoldenChain.WithoutId())]),
        });
    }

    [Fact]
    public async Task Committed_blocks_verify_on_top_of_each_other()
    {
        foreach (var chain in GoldenFile.Read(BlocksFile)["chains"]!.AsArray())
        {
            var parameters = new ChainParameters(chain!["chain_id"]?.GetValue<string>());
            var producers = new ProducerSchedule(new PublicKey(GoldenFile.ToBytes(chain["producer_public_key"])));
            var nonces = new Dictionary<PublicKey, ulong>();
            var tip = parameters.Genesis;
            Assert.Equal(chain["genesis_hash"]!.GetValue<string>(), tip.Hash.ToString());
            foreach (var row in chain["blocks"]!.AsArray())
            {
                Assert.Equal(Verdict.Ok, BlockVerifier.CheckSelf(GoldenFile.ToBytes(row!["encoding"]), parameters, producers, out var block));
                Assert.Equal(Verdict.Ok, BlockVerifier.CheckPlace(block!, tip, stored: null, GoldenFile.ToNumber(row["header"]!["timestamp"])));
                var bodies = row["messages"]!.AsArray().Select(text => Decode(GoldenFile.ToBytes(text))).ToList();
                Assert.Equal(BodyCheck.Ok, await BodyVerifier.CheckAsync(block!, bodies, nonces, parameters, InlineWorkers.Instance));
                tip = block!;
            }
        }
    }

    private static Message Decode(byte[] encoding)
    {
        Assert.True(Message.TryDecode(encoding, ChainParameters.ContentLimit, out var message));
        return message;
    }

    private static JsonObject Genesis(string? chainId)
    {
        var genesis = new ChainParameters(chainId).Genesis;
        var key = new byte[Blake3.KeySize];
        Blake3.Hash(System.Text.Encoding.UTF8.GetBytes(chainId ?? ""), key);
        return new JsonObject
        {
            ["chain_id"] = chainId,
            ["digest_key"] = chainId is null ? null : Convert.ToHexStringLower(key),
            ["genesis_hash"] = genesis.Hash.ToString(),
            ["genesis_encoding"] = Convert.ToHexStringLower(genesis.Encoding.Span),
            ["genesis_header"] = Header(genesis.Header),
        };
    }

    private static JsonObject Chain(GoldenChain chain) => new()
    {
        ["chain_id"] = chain.Parameters.ChainId,
        ["producer_private_key"] = TestKeys.Secret("leader"),
        ["producer_public_key"] = TestKeys.Public("leader").ToString(),
        ["genesis_hash"] = chain.Parameters.Genesis.Hash.ToString(),
        ["blocks"] = GoldenFile.Array(chain.Blocks.Select(made => Block(made.Block, made.Bodies))),
    };

    private static JsonObject Block(Block block, IReadOnlyList<Message> bodies) => new()
    {
        ["hash"] = block.Hash.ToString(),
        ["header"] = Header(block.Header),
        ["message_count"] = block.Count,
        ["message_ids"] = GoldenFile.Array(Enumerable.Range(0, block.Count).Select(i => (JsonNode)block.IdAt(i).ToString())),
        ["message_hashes"] = GoldenFile.Array(Enumerable.Range(0, block.Count).Select(i => (JsonNode)block.MessageHashAt(i).ToString())),
        ["encoding"] = Convert.ToHexStringLower(block.Encoding.Span),
        ["messages"] = GoldenFile.Array(bodies.Select(body => (JsonNode)Convert.ToHexStringLower(body.Encoding.Span))),
    };

    internal static JsonObject Header(BlockHeader header) => new()
    {
        ["height"] = GoldenFile.Number(header.Height),
        ["timestamp"] = GoldenFile.Number(header.Timestamp),
        ["prev_hash"] = header.PrevHash.ToString(),
        ["message_root"] = header.MessageRoot.ToString(),
        ["producer_pubkey"] = header.Producer.ToString(),
        ["producer_sig"] = header.ProducerSignature.ToString(),
    };
}
