using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Chain.Messages;
using Kimura.Interfaces;
using Kimura.Storage.KeyValue;
using Kimura.Tests.Unit.Chain.Golden;
using Kimura.Tests.Unit.Storage.Ledger;
using Xunit;

namespace Kimura.Tests.Unit.Grains;

public sealed class ChainReaderTests
{
    [Fact]
    public async Task Status_tells_how_a_leader_is()
    {
        await using var node = await NodeAsync();
        await node.AcceptAsync("alice");

        var status = await node.Reader.GetStatusAsync();

        Assert.Equal("kimura-test", status.ChainId);
        Assert.Equal(node.Ledger.Parameters.Genesis.Hash.Value.ToArray(), status.GenesisHash.ToArray());
        Assert.Equal((2ul, 2ul), (status.Tip.Height, status.TargetHeight));
        Assert.Equal(node.Ledger.Chain.Tip.Hash.Value.ToArray(), status.Tip.Hash.ToArray());
        Assert.Equal(LedgerFixture.Start + 2_000, status.TipTimestamp);
        Assert.Equal(TestKeys.Public("leader").ToArray(), status.LeaderKey.ToArray());
        Assert.Equal((true, false), (status.IsLeader, status.IsSyncing));
        Assert.Equal((0, 1, 0), (status.Peers, status.Pending, status.Equivocations));
        Assert.Equal((1ul, 1_000), (status.Epoch, status.BlockIntervalMilliseconds));
        Assert.Equal(("embedded", "1.2.3"), (status.Engine, status.Version));
    }

    [Fact]
    public async Task Who_waits_for_a_tip_gets_the_first_above_it()
    {
        await using var node = await NodeAsync();
        Assert.Equal(2ul, (await node.Reader.WaitForTipAsync(1)).Height);

        var waiting = node.Reader.WaitForTipAsync(2);
        Assert.Equal(3ul, (await node.TickAsync()).Height);
        Assert.Equal(3ul, (await waiting).Height);
    }

    [Fact]
    public async Task Who_waits_in_vain_for_a_tip_gets_the_one_there_is()
    {
        await using var node = await NodeAsync();
        var waiting = node.Reader.WaitForTipAsync(1_000);
        for (var seconds = 0; seconds < 900 && !waiting.IsCompleted; seconds++)
        {
            await node.TickAsync();
        }

        Assert.InRange((await waiting).Height, 3ul, 999ul);
    }

    [Fact]
    public async Task Status_names_the_key_of_the_next_block()
    {
        var schedule = new ProducerSchedule([(0, TestKeys.Public("leader")), (3, TestKeys.Public("bob"))]);
        await using var node = await GrainFixture.CreateAsync(new NodeShape { Silos = [false], Producers = schedule });
        var keys = new List<string>();
        for (var height = 0ul; height < 3; height++)
        {
            keys.Add(Convert.ToHexStringLower((await node.Reader.GetStatusAsync()).LeaderKey.Span));
            await node.Ledger.FollowAsync(LedgerFixture.Start + height);
        }

        var (leader, bob) = (TestKeys.Public("leader").ToString(), TestKeys.Public("bob").ToString());
        Assert.Equal([leader, leader, bob], keys);
        Assert.False((await node.Reader.GetStatusAsync()).IsLeader);
        Assert.Equal(0ul, (await node.Reader.GetStatusAsync()).Epoch);
    }

    [Fact]
    public async Task A_block_is_read_by_height_by_hash_and_as_the_latest()
    {
        await using var node = await NodeAsync();
        var block = (await node.Ledger.Chain.GetBlockAsync(1))!;

        var byHeight = (await node.Reader.GetBlockAsync(1, withMessages: true))!;
        var byHash = (await node.Reader.GetBlockByHashAsync(block.Hash.Value.ToArray(), withMessages: true))!;
        var latest = await node.Reader.GetLatestBlockAsync(withMessages: true);
        var bare = (await node.Reader.GetBlockAsync(1, withMessages: false))!;

        Assert.Equal(block.Encoding.ToArray(), byHeight.Encoding.ToArray());
        Assert.Equal(block.Encoding.ToArray(), byHash.Encoding.ToArray());
        Assert.Equal(byHeight.Messages.ToArray(), byHash.Messages.ToArray());
        Assert.Equal(3, Split(byHeight.Messages).Count);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(block.MessageHashAt(i), Split(byHeight.Messages)[i].ComputeHash());
        }

        Assert.Equal(node.Ledger.Chain.Tip.Encoding.ToArray(), latest.Encoding.ToArray());
        Assert.Single(Split(latest.Messages));
        Assert.True(bare.Messages.IsEmpty);
        Assert.True((await node.Reader.GetLatestBlockAsync(withMessages: false)).Messages.IsEmpty);
        Assert.Null(await node.Reader.GetBlockAsync(3, withMessages: true));
        Assert.Null(await node.Reader.GetBlockAsync(ulong.MaxValue, withMessages: false));
        Assert.Null(await node.Reader.GetBlockByHashAsync(new byte[32], withMessages: false));
        Assert.Equal(2ul, (await node.Reader.GetTipAsync()).Height);
    }

    [Theory]
    [InlineData(0, 2, new ulong[] { 0, 1, 2 })]
    [InlineData(1, 1, new ulong[] { 1 })]
    [InlineData(1, ulong.MaxValue, new ulong[] { 1, 2 })]
    [InlineData(3, 9, new ulong[] { })]
    [InlineData(ulong.MaxValue, ulong.MaxValue, new ulong[] { })]
    [InlineData(2, 1, new ulong[] { })]
    public async Task A_range_of_blocks_has_both_ends_and_ends_at_the_tip(ulong first, ulong last, ulong[] heights)
    {
        await using var node = await NodeAsync();

        var blocks = await node.Reader.GetBlocksAsync(first, last);

        Assert.Equal(heights, blocks.Select(block => Decode(block.Encoding).Height));
        Assert.All(blocks, block => Assert.True(block.Messages.IsEmpty));
    }

    [Fact]
    public async Task A_range_of_blocks_is_at_most_a_thousand()
    {
        await using var node = await GrainFixture.CreateAsync(new NodeShape { Silos = [false] });
        node.Ledger.Store.SkipsSyncs = true;
        for (var i = 0ul; i < 1_001; i++)
        {
            await node.Ledger.FollowAsync(LedgerFixture.Start + i);
        }

        var blocks = await node.Reader.GetBlocksAsync(1, 1_001);

        Assert.Equal(1_000, blocks.Length);
        Assert.Equal(1_000ul, Decode(blocks[^1].Encoding).Height);
    }

    [Fact]
    public async Task A_message_is_pending_and_then_confirmed_at_its_place()
    {
        await using var node = await NodeAsync();
        await node.AcceptAsync("bob", "before");
        var message = await node.AcceptAsync("alice", "now");
        var id = message.ComputeId().Value.ToArray();

        var pending = (await node.Reader.GetMessageAsync(id)).Record!;
        await node.TickAsync();
        var confirmed = (await node.Reader.GetMessageAsync(id)).Record!;

        Assert.Equal((false, 0ul, 0), (pending.IsConfirmed, pending.Height, pending.Index));
        Assert.Equal((true, 3ul, 1), (confirmed.IsConfirmed, confirmed.Height, confirmed.Index));
        Assert.Equal(id, confirmed.Id.ToArray());
        Assert.Equal(pending.Encoding.ToArray(), confirmed.Encoding.ToArray());
        Assert.Equal(message.Content.ToArray(), Assert.Single(Split(confirmed.Encoding)).Content.ToArray());
        Assert.Equal(new MessageAnswer(null), await node.Reader.GetMessageAsync(new byte[32]));
    }

    [Fact]
    public async Task A_senders_messages_come_by_nonce_confirmed_and_pending()
    {
        await using var node = await NodeAsync();
        await node.AcceptAsync("alice");
        var alice = TestKeys.Public("alice").ToArray();

        Assert.Equal([true, true, true, false], (await node.Reader.GetMessagesAsync(alice, 0, 100)).Records.Select(message => message.IsConfirmed));
        Assert.Equal([1ul, 2ul], (await node.Reader.GetMessagesAsync(alice, 1, 2)).Records.Select(NonceOf));
        Assert.Empty((await node.Reader.GetMessagesAsync(alice, 4, 10)).Records);
        Assert.Empty((await node.Reader.GetMessagesAsync(alice, ulong.MaxValue, 10)).Records);
        Assert.Empty((await node.Reader.GetMessagesAsync(alice, 0, 0)).Records);
        Assert.Empty((await node.Reader.GetMessagesAsync(alice, 0, -1)).Records);
        Assert.Empty((await node.Reader.GetMessagesAsync(TestKeys.Public("carol").ToArray(), 0, 10)).Records);
        Assert.Equal(new NonceAnswer(4), await node.Reader.GetNonceAsync(alice));
        Assert.Equal(new NonceAnswer(0), await node.Reader.GetNonceAsync(TestKeys.Public("carol").ToArray()));
    }

    [Fact]
    public async Task A_senders_messages_are_at_most_a_thousand()
    {
        await using var node = await GrainFixture.CreateAsync(new NodeShape { PendingLimit = 2_000, PendingSenderLimit = 2_000 });
        await node.AdmitAsync([.. Enumerable.Range(0, 1_001).Select(_ => node.Ledger.Sign("alice"))]);

        Assert.Equal(1_000, (await node.Reader.GetMessagesAsync(TestKeys.Public("alice").ToArray(), 0, int.MaxValue)).Records.Length);
    }

    [Fact]
    public async Task Every_message_of_a_block_has_a_proof_that_leads_to_its_root()
    {
        await using var node = await GrainFixture.CreateAsync(new NodeShape { Silos = [false] });
        for (var count = 1; count <= 9; count++)
        {
            var messages = Enumerable.Range(0, count).Select(i => node.Ledger.Sign(i % 2 == 0 ? "alice" : "bob")).ToArray();
            var block = await node.Ledger.FollowAsync(LedgerFixture.Start + (ulong)count, messages);
            for (var i = 0; i < count; i++)
            {
                var id = messages[i].ComputeId();
                var proof = (await node.Reader.GetProofAsync(id.Value.ToArray()))!;

                Assert.Equal((false, i, count), (proof.IsPending, proof.Index, proof.Count));
                var header = BlockHeader.Read(proof.Header.Span);
                Assert.Equal(block.Header, header);
                var hash = new MessageHash(new Hash32(proof.MessageHash.Span));
                Assert.Equal(messages[i].ComputeHash(), hash);
                Assert.Equal(header.MessageRoot, MerkleTree.RootFromPath(MerkleTree.Leaf(id, hash), i, count, proof.Path.Span));
            }
        }
    }

    [Fact]
    public async Task A_pending_message_has_no_proof_yet_and_an_unknown_one_none_at_all()
    {
        await using var node = await NodeAsync();
        var message = await node.AcceptAsync("alice");

        var proof = (await node.Reader.GetProofAsync(message.ComputeId().Value.ToArray()))!;

        Assert.True(proof.IsPending);
        Assert.True(proof.Header.IsEmpty && proof.Path.IsEmpty && proof.MessageHash.IsEmpty);
        Assert.Null(await node.Reader.GetProofAsync(new byte[32]));
    }

    [Fact]
    public async Task What_does_not_fit_together_is_damage_and_not_answered()
    {
        await using var node = await NodeAsync();
        var block = (await node.Ledger.Chain.GetBlockAsync(1))!;
        var id = block.IdAt(1).Value.ToArray();
        byte[] key = [.. Bytes.Ascii("msg:"), .. id];
        var value = (await node.Ledger.Store.GetAsync(Family.Messages, key))!;
        (int Offset, byte Bit)[] spoiled = [(7, 3), (11, 3), (11, 8), (value.Length - 1, 1)];

        foreach (var (offset, bit) in spoiled)
        {
            var changed = (byte[])value.Clone();
            changed[offset] ^= bit;
            await node.Ledger.PutAsync(Family.Messages, key, changed);
            await DamagedAsync(() => node.Reader.GetProofAsync(id), $"message {block.IdAt(1)} is not, as it is stored, what block ");
        }

        await node.Ledger.PutAsync(Family.Messages, key, value);
        await node.Ledger.PutAsync(Family.Blocks, Bytes.BlockKey(1), null);
        await DamagedAsync(() => node.Reader.GetProofAsync(id), $"block 1 is missing, though message {block.IdAt(1)} is stored as one of its");
        await node.Ledger.PutAsync(Family.Blocks, Bytes.BlockKey(1), block.Encoding.ToArray());
        await node.Ledger.PutAsync(Family.Messages, key, null);
        await DamagedAsync(() => node.Reader.GetBlockAsync(1, withMessages: true), $"message {block.IdAt(1)}, which block 1 lists at 1, is missing");
    }

    // Two blocks: alice, bob, alice; then alice.
    private static async Task<GrainFixture> NodeAsync()
    {
        var node = await GrainFixture.CreateAsync();
        await node.Leader.KeepAliveAsync();
        foreach (var sender in (string[])["alice", "bob", "alice"])
        {
            await node.AcceptAsync(sender);
        }

        await node.TickAsync();
        await node.AcceptAsync("alice");
        await node.TickAsync();
        return node;
    }

    private static async Task DamagedAsync(Func<Task> read, string message)
    {
        var damage = await Assert.ThrowsAsync<DamagedDataException>(read);
        Assert.Contains(message, damage.Message, StringComparison.Ordinal);
    }

    private static Block Decode(ReadOnlyMemory<byte> encoding) =>
        Block.TryDecode(encoding, int.MaxValue, out var block) == BlockShape.WellFormed ? block! : throw new InvalidOperationException("not a block");

    private static ulong NonceOf(MessageRecord message) => Assert.Single(Split(message.Encoding)).Nonce;

    private static List<Message> Split(ReadOnlyMemory<byte> encodings)
    {
        var messages = new List<Message>();
        while (Message.TryReadFirst(encodings, ChainParameters.ContentLimit, out var message))
        {
            messages.Add(message);
            encodings = encodings[message.Encoding.Length..];
        }

        Assert.True(encodings.IsEmpty);
        return messages;
    }
}
