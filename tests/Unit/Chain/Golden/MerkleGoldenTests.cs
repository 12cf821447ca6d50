using System.Text.Json.Nodes;
using Kimura.Chain;
using Kimura.Chain.Merkle;
using Kimura.Cryptography;
using Xunit;

namespace Kimura.Tests.Unit.Chain.Golden;

public sealed class MerkleGoldenTests
{
    private const string FileName = "merkle.json";

    private static readonly int[] Counts = [0, 1, 2, 3, 4, 5, 7, 8, 13, 16, 21];

    [Fact]
    public void Roots_leaves_and_paths_are_as_committed()
    {
        GoldenFile.Check(FileName, new JsonObject
        {
            ["description"] = "Merkle trees of RFC 6962 with BLAKE3 (protocol section 3): leaf = blake3(0x00 ++ message_id ++ message_hash), inner node = "
                + "blake3(0x01 ++ left ++ right), split at the largest power of two below count; the root of none is blake3(\"\"). path goes from the "
                + "leaf upwards. The ids and hashes are arbitrary bytes: message_id = blake3(\"id \" ++ index in decimal), message_hash = blake3(\"hash \" ++ "
                + "index in decimal). " + GoldenFile.NumberRule,
            ["trees"] = GoldenFile.Array(Counts.Select(Tree)),
        });
    }

    [Fact]
    public void Each_committed_path_leads_to_its_root()
    {
        foreach (var tree in GoldenFile.Read(FileName)["trees"]!.AsArray())
        {
            var count = tree!["count"]!.GetValue<int>();
            var rows = tree["entries"]!.AsArray();
            Assert.Equal(count, rows.Count);
            foreach (var row in rows)
            {
                var leaf = new Hash32(GoldenFile.ToBytes(row!["leaf"]));
                byte[] path = [.. row["path"]!.AsArray().SelectMany(GoldenFile.ToBytes)];
                var root = MerkleTree.RootFromPath(leaf, row["index"]!.GetValue<int>(), count, path);
                Assert.Equal(tree["root"]!.GetValue<string>(), root.ToString());
            }
        }
    }

    private static JsonObject Tree(int count)
    {
        byte[] entries = [.. Enumerable.Range(0, count).SelectMany(i => (byte[])[.. Hash($"id {i}"), .. Hash($"hash {i}")])];
        return new JsonObject
        {
            ["count"] = count,
            ["root"] = MerkleTree.ComputeRoot(entries).ToString(),
            ["entries"] = GoldenFile.Array(Enumerable.Range(0, count).Select(i => Entry(entries, i))),
        };
    }

    private static JsonObject Entry(byte[] entries, int index)
    {
        var id = new MessageId(new Hash32(entries.AsSpan(index * MerkleTree.EntrySize, Hash32.Size)));
        var hash = new MessageHash(new Hash32(entries.AsSpan((index * MerkleTree.EntrySize) + Hash32.Size, Hash32.Size)));
        return new JsonObject
        {
            ["index"] = index,
            ["message_id"] = id.ToString(),
            ["message_hash"] = hash.ToString(),
            ["leaf"] = MerkleTree.Leaf(id, hash).ToString(),
            ["path"] = GoldenFile.Array(MerkleTree.ComputePath(entries, index).Chunk(Hash32.Size).Select(step => (JsonNode)Convert.ToHexStringLower(step))),
        };
    }

    private static byte[] Hash(string text)
    {
        var hash = new byte[Blake3.HashSize];
        Blake3.Hash(System.Text.Encoding.UTF8.GetBytes(text), hash);
        return hash;
    }
}
