using System.Text.Json.Nodes;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Interfaces;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Encodings;
using Kimura.Libp2p.Identities;
using Kimura.Silo.Network;
using Kimura.Silo.Network.Wire;
using Kimura.Tests.Unit.Chain.Golden;
using Xunit;

namespace Kimura.Tests.Unit.Silo.Network;

public sealed class NetworkGoldenTests
{
    private const string FileName = "network.json";
    private const int CutAt = 2;

    private static readonly PeerId Leader = IdentityOf(7).Id;

    // One, none, three and five messages.
    private static readonly GoldenChain Golden = GoldenChain.WithId();

    private static Block Large => Golden.Blocks[3].Block;

    [Fact]
    public void Messages_between_nodes_are_as_committed()
    {
        GoldenFile.Check(FileName, new JsonObject
        {
            ["description"] = "What nodes say to each other (protocol section 6), without the frame's length. Chains and messages are the first chain of "
                + "blocks.json. In sync_pages the last block comes in two parts, cut behind its second entry. " + GoldenFile.NumberRule,
            ["status"] = GoldenFile.Array([Row("with a leader's record", Status().Encode()), Row("least", Least().Encode())]),
            ["sync_requests"] = GoldenFile.Array(
            [
                Row("blocks", SyncRequest.Blocks(3, 2, 40, withBodies: true).Encode()),
                Row("messages", SyncRequest.Messages([Large.IdAt(0), Large.IdAt(4)]).Encode()),
            ]),
            ["sync_pages"] = GoldenFile.Array(Pages().Select((page, i) => (JsonNode)Row($"page {i + 1}", page))),
            ["submit_requests"] = GoldenFile.Array(
            [
                Row("messages", SubmitRequest.Encode(Golden.Blocks[2].Bodies)),
                Row("nonce", SubmitRequest.EncodeNonceOf(TestKeys.Public("alice").ToArray())),
                Row("message", SubmitRequest.EncodeMessage(Large.IdAt(1).Value.ToArray())),
            ]),
            ["submit_answers"] = GoldenFile.Array(
            [
                Row("results", new SubmitAnswer(Results(), null, default).Encode()),
                Row("nonce", new SubmitAnswer([], 7, default).Encode()),
                Row("message", new SubmitAnswer([], null, Golden.Blocks[0].Bodies[0].Encoding).Encode()),
            ]),
            ["announcement"] = Convert.ToHexStringLower(BlockAnnouncement.Encode(BlockAnnouncement.Version, Large.Header)),
        });
    }

    [Fact]
    public void Committed_statuses_read_back()
    {
        var full = StatusMessage.Decode(Committed("status", 0))!;
        Assert.Equal(Status().Tip, full.Tip);
        Assert.Equal(Status().GenesisHash, full.GenesisHash);
        Assert.Equal("kimura-golden", full.ChainId);
        Assert.Equal(TestKeys.Public("leader"), full.LeaderKey);
        Assert.Equal(Leader, full.Leader!.Peer);
        Assert.Equal(Status().Leader!.Addresses, full.Leader.Addresses);
        Assert.Equal(Status().Leader!.Signature.ToArray(), full.Leader.Signature.ToArray());
        var least = StatusMessage.Decode(Committed("status", 1))!;
        Assert.Equal(Least(), least);
    }

    [Fact]
    public void Committed_requests_read_back()
    {
        var blocks = SyncRequest.Decode(Committed("sync_requests", 0))!;
        Assert.Equal((3ul, 2, 40ul, true, 0), (blocks.FromHeight, blocks.FromIndex, blocks.ToHeight, blocks.WithBodies, blocks.MessageIds.Count));
        Assert.Equal([Large.IdAt(0), Large.IdAt(4)], SyncRequest.Decode(Committed("sync_requests", 1))!.MessageIds);

        var batch = SubmitRequest.Decode(Committed("submit_requests", 0))!.Submissions!;
        Assert.Equal(3, batch.Count);
        byte[] unstamped = [.. Golden.Blocks[2].Bodies.SelectMany(body => Unstamped(body.Encoding.ToArray()))];
        Assert.Equal(unstamped, batch.Encodings.ToArray());
        Assert.Equal(TestKeys.Public("alice"), SubmitRequest.Decode(Committed("submit_requests", 1))!.NonceOf);
        Assert.Equal(Large.IdAt(1), SubmitRequest.Decode(Committed("submit_requests", 2))!.MessageId);
    }

    [Fact]
    public void Committed_answers_read_back()
    {
        var results = SubmitAnswer.Decode(Committed("submit_answers", 0))!;
        Assert.Equal(Results().Select(result => result.Code), results.Results.Select(result => result.Code));
        Assert.Equal(Results().Select(result => result.Data.ToArray()), results.Results.Select(result => result.Data.ToArray()));
        Assert.Equal(7ul, SubmitAnswer.Decode(Committed("submit_answers", 1))!.Nonce);
        Assert.Equal(Golden.Blocks[0].Bodies[0].Encoding.ToArray(), SubmitAnswer.Decode(Committed("submit_answers", 2))!.Message.ToArray());
        var announcement = GoldenFile.ToBytes(GoldenFile.Read(FileName)["announcement"]);
        Assert.True(BlockAnnouncement.TryDecode(BlockAnnouncement.Version, announcement, out var header));
        Assert.Equal(Large.Header, header);
        Assert.False(BlockAnnouncement.TryDecode(Block.Version, announcement, out _));
    }

    [Fact]
    public void Committed_pages_make_the_chain()
    {
        var assembly = new BlockAssembly(Golden.Parameters, 1, 4, withBodies: true);
        for (var page = 0; page < 2; page++)
        {
            Assert.False(assembly.IsComplete);
            Assert.True(assembly.TryAdd(SyncPage.Decode(Committed("sync_pages", page), 10)!));
        }

        Assert.True(assembly.IsComplete);
        Assert.Equal(Golden.Blocks.Select(made => Convert.ToHexString(made.Block.Encoding.Span)), assembly.Blocks.Select(block => Convert.ToHexString(block.Encoding.Span)));
        Assert.Equal(Golden.Blocks.Select(made => Join(made.Bodies)), assembly.Blocks.Select(block => Convert.ToHexString(block.Messages.Span)));
    }

    private static StatusMessage Status()
    {
        using var signer = new BlockSigner(TestKeys.Private("leader"));
        var genesis = Golden.Parameters.Genesis.Hash;
        var address = Multiaddress.Parse("/ip4/127.0.0.1/tcp/9000").WithPeer(Leader);
        var record = new LeaderRecord(Leader, [address, Multiaddress.Parse("/dns4/leader.example/tcp/9000")], signer.SignLeader(genesis, Leader.Bytes));
        return new StatusMessage(genesis.Value, Golden.Parameters.ChainId, Large.Header, signer.PublicKey, record);
    }

    private static StatusMessage Least() => new(Golden.Parameters.Genesis.Hash.Value, null, Golden.Parameters.Genesis.Header, null, null);

    private static IReadOnlyList<SubmitResult> Results()
    {
        var id = Large.IdAt(0).Value.ToArray();
        SubmissionResult[] results =
        [
            new(SubmissionOutcome.Accepted),
            new(SubmissionOutcome.TooLarge),
            new(SubmissionOutcome.InvalidSignature),
            new(SubmissionOutcome.Duplicate, SameContent: true),
            new(SubmissionOutcome.WrongNonce, ExpectedNonce: 12),
            new(SubmissionOutcome.PoolFull, RetryAfterMilliseconds: 400),
            new(SubmissionOutcome.Unavailable),
        ];
        return [.. results.Select(result => OutcomeCodes.ToWire(result, id, 65_536))];
    }

    private static List<byte[]> Pages()
    {
        SyncPageWriter first = new(), second = new();
        foreach (var (block, bodies) in Golden.Blocks.Take(3))
        {
            first.Add(Item(block.Encoding.Span, bodies));
        }

        var cut = Block.PrefixSize + (CutAt * MerkleTree.EntrySize);
        first.Add(Item(Large.Encoding.Span[..cut], Golden.Blocks[3].Bodies.Take(CutAt)));
        second.Add(Item(Large.Encoding.Span[cut..], Golden.Blocks[3].Bodies.Skip(CutAt)).Number(3, CutAt));
        return [first.Finish(4, CutAt), second.Finish(5, 0)];
    }

    private static ProtoWriter Item(ReadOnlySpan<byte> block, IEnumerable<Kimura.Chain.Messages.Message> bodies)
    {
        var item = new ProtoWriter().Bytes(1, block);
        foreach (var body in bodies)
        {
            item.Bytes(2, body.Encoding.Span);
        }

        return item;
    }

    private static Identity IdentityOf(byte seed) => Identity.FromEd25519Seed([.. Enumerable.Repeat(seed, 32)]);

    private static JsonObject Row(string name, byte[] bytes) => new JsonObject { ["name"] = name, ["bytes"] = Convert.ToHexStringLower(bytes) };

    private static byte[] Committed(string array, int index) => GoldenFile.ToBytes(GoldenFile.Read(FileName)[array]![index]!["bytes"]);

    private static string Join(IEnumerable<Kimura.Chain.Messages.Message> bodies) =>
        string.Concat(bodies.Select(body => Convert.ToHexString(body.Encoding.Span)));

    private static byte[] Unstamped(byte[] encoding)
    {
        Kimura.Chain.Messages.Message.Stamp(encoding, 0);
        return encoding;
    }
}
