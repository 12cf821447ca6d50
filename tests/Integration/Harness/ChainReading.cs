using System.Text.Json;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Chain.Messages;
using Xunit;

namespace Kimura.Tests.Integration.Harness;

/// <summary>Makes the protocol's bytes again from what the interface gives, and believes only what they hash to.</summary>
internal static class ChainReading
{
    public static Block ReadBlock(JsonElement json)
    {
        var ids = Strings(json, "message_ids");
        var hashes = Strings(json, "message_hashes");
        Assert.Equal(ids.Count, hashes.Count);
        var entries = new byte[ids.Count * MerkleTree.EntrySize];
        for (var i = 0; i < ids.Count; i++)
        {
            ReadHash(ids[i]).CopyTo(entries.AsSpan(i * MerkleTree.EntrySize));
            ReadHash(hashes[i]).CopyTo(entries.AsSpan((i * MerkleTree.EntrySize) + Hash32.Size));
        }

        var block = Block.Create(ReadHeader(json.GetProperty("header")), entries);
        Assert.Equal(block.Hash.ToString(), json.GetProperty("hash").GetString());
        return block;
    }

    public static BlockHeader ReadHeader(JsonElement json) => new(
        json.GetProperty("height").GetUInt64(),
        json.GetProperty("timestamp").GetUInt64(),
        new BlockHash(ReadHash(json.GetProperty("prev_hash").GetString()!)),
        ReadHash(json.GetProperty("message_root").GetString()!),
        new PublicKey(ReadBytes(json, "producer_pubkey")),
        new Signature(ReadBytes(json, "producer_sig")));

    public static Message ReadMessage(JsonElement json)
    {
        var content = ReadBytes(json, "content_hex");
        var encoding = new byte[Message.EncodedSize(content.Length)];
        Message.Encode(
            encoding,
            ReadBytes(json, "public_key"),
            json.GetProperty("nonce").GetUInt64(),
            json.GetProperty("timestamp").GetUInt64(),
            ReadBytes(json, "signature"),
            content);
        Assert.True(Message.TryDecode(encoding, ChainParameters.ContentLimit, out var message));
        Assert.Equal(message.ComputeId().ToString(), json.GetProperty("message_id").GetString());
        return message;
    }

    /// <summary>Holds a proof against its message and the leader's key.</summary>
    public static void Verify(JsonElement proof, Message message, PublicKey leader)
    {
        var header = ReadHeader(proof.GetProperty("header"));
        var hash = header.ComputeHash();
        Assert.Equal(hash.ToString(), proof.GetProperty("hash").GetString());
        Assert.Equal(header.Height, proof.GetProperty("height").GetUInt64());
        Assert.Equal(leader, header.Producer);
        Assert.True(header.HasValidSignature(hash));
        Assert.Equal(message.ComputeId().ToString(), proof.GetProperty("message_id").GetString());
        Assert.Equal(message.ComputeHash().ToString(), proof.GetProperty("message_hash").GetString());
        var leaf = MerkleTree.Leaf(message.ComputeId(), message.ComputeHash());
        Assert.Equal(leaf.ToString(), proof.GetProperty("leaf").GetString());
        byte[] path = [.. Strings(proof, "path").SelectMany(node => ReadHash(node).ToArray())];
        Assert.Equal(header.MessageRoot, MerkleTree.RootFromPath(leaf, proof.GetProperty("index").GetInt32(), proof.GetProperty("count").GetInt32(), path));
    }

    public static Hash32 ReadHash(string hex) =>
        Hash32.TryParse(hex, out var hash) ? hash : throw new FormatException($"'{hex}' is no hash");

    private static byte[] ReadBytes(JsonElement json, string name) => Convert.FromHexString(json.GetProperty(name).GetString()!);

    private static List<string> Strings(JsonElement json, string name) => [.. json.GetProperty(name).EnumerateArray().Select(item => item.GetString()!)];
}
