using System.Text.Json.Nodes;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Xunit;

namespace Kimura.Tests.Unit.Chain.Golden;

public sealed class ProofsGoldenTests
{
    private const string FileName = "proofs.json";

    [Fact]
    public void Proofs_are_as_committed()
    {
        var blocks = GoldenChain.WithId().Blocks.Select(made => made.Block).Where(block => block.Count > 0).ToList();
        var proofs = blocks.SelectMany(block => Enumerable.Range(0, block.Count).Select(i => Proof(block, i, "proves"))).ToList();
        GoldenFile.Check(FileName, new JsonObject
        {
            ["description"] = "Inclusion proofs (RFC 6962 section 2.1.1; verified as in RFC 9162 section 2.1.3.2) of every message of the first chain in "
                + "blocks.json, in the form of get_proof. leaf = blake3(0x00 ++ message_id ++ message_hash); hash is the block's, over header. In refused "
                + "the leaf, index, count and path do not lead to the header's message_root. " + GoldenFile.NumberRule,
            ["proofs"] = GoldenFile.Array(proofs),
            ["refused"] = GoldenFile.Array(Refused(blocks[^1])),
        });
    }

    [Theory]
    [InlineData("proofs", true)]
    [InlineData("refused", false)]
    public void Committed_proofs_are_judged_as_the_file_says(string list, bool leads)
    {
        foreach (var row in GoldenFile.Read(FileName)[list]!.AsArray())
        {
            var leaf = new Hash32(GoldenFile.ToBytes(row!["leaf"]));
            byte[] path = [.. row["path"]!.AsArray().SelectMany(GoldenFile.ToBytes)];
            var root = MerkleTree.RootFromPath(leaf, row["index"]!.GetValue<int>(), row["count"]!.GetValue<int>(), path);
            Assert.Equal(leads, root?.ToString() == row["header"]!["message_root"]!.GetValue<string>());
        }
    }

    private static JsonObject Proof(Block block, int index, string name) => new()
    {
        ["name"] = name,
        ["message_id"] = block.IdAt(index).ToString(),
        ["message_hash"] = block.MessageHashAt(index).ToString(),
        ["height"] = GoldenFile.Number(block.Height),
        ["index"] = index,
        ["count"] = block.Count,
        ["leaf"] = MerkleTree.Leaf(block.IdAt(index), block.MessageHashAt(index)).ToString(),
        ["path"] = GoldenFile.Array(
            MerkleTree.ComputePath(block.Entries, index).Chunk(Hash32.Size).Select(step => (JsonNode)Convert.ToHexStringLower(step))),
        ["header"] = ChainsGoldenTests.Header(block.Header),
        ["hash"] = block.Hash.ToString(),
    };

    private static IEnumerable<JsonObject> Refused(Block block)
    {
        yield return Proof(block, 0, "another index").With("index", 1);
        yield return Proof(block, 0, "an index outside the tree").With("index", block.Count);
        yield return Proof(block, 0, "a negative index").With("index", -1);
        yield return Proof(block, 0, "another count").With("count", block.Count * 2);
        yield return Proof(block, 0, "the leaf of another message").With("leaf", Proof(block, 1, "")["leaf"]!.DeepClone());
        yield return Proof(block, 0, "the root as the leaf").With("leaf", block.Header.MessageRoot.ToString());
        yield return Proof(block, 0, "a path without its first step").Edit(path => path.RemoveAt(0));
        yield return Proof(block, 0, "a path without its last step").Edit(path => path.RemoveAt(path.Count - 1));
        yield return Proof(block, 0, "a path with a step too many").Edit(path => path.Add((JsonNode)new string('0', 64)));
        yield return Proof(block, 0, "a path upside down").Edit(path =>
        {
            var steps = path.Reverse().Select(step => step!.DeepClone()).ToList();
            path.Clear();
            steps.ForEach(path.Add);
        });
    }
}
