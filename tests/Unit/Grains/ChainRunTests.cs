using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Interfaces;
using Kimura.Storage.KeyValue;
using Kimura.Tests.Unit.Storage.Ledger;
using Xunit;

namespace Kimura.Tests.Unit.Grains;

/// <summary>Many blocks in one call, blocks without bodies, and headers alone.</summary>
public sealed class ChainRunTests
{
    private const ulong Start = LedgerFixture.Start;

    private static readonly BlockVerdict Ok = new("ok");

    [Fact]
    public async Task A_run_is_stored_whole_and_taken_again_as_known()
    {
        await using var peer = await PeerAsync();
        var run = RunOf(peer, 5);

        Assert.Equal(new RunVerdict(5, Ok), await peer.Follower.AcceptAsync(Call(run)));
        Assert.Equal(new RunVerdict(5, Ok), await peer.Follower.AcceptAsync(Call(run)));
        Assert.Equal(new RunVerdict(0, Ok), await peer.Follower.AcceptAsync(Call([])));

        Assert.Equal(run[^1].Block.Hash, peer.Ledger.Chain.Tip.Hash);
        Assert.Equal(10ul, await peer.Ledger.Chain.GetChainNonceAsync(run[0].Bodies![0].Sender));
    }

    [Fact]
    public async Task A_run_longer_than_is_taken_at_once_is_stored_whole()
    {
        await using var peer = await PeerAsync();
        peer.Ledger.Store.SkipsSyncs = true;
        peer.Time.Advance(TimeSpan.FromHours(1));
        var run = peer.Ledger.RunOf([.. Enumerable.Range(0, 1_030).Select(_ => Array.Empty<Message>())]);

        Assert.Equal(new RunVerdict(1_030, Ok), await peer.Follower.AcceptAsync(Call(run)));
    }

    [Fact]
    public async Task A_run_for_which_the_disk_has_no_room_waits_and_nobody_is_to_blame()
    {
        await using var peer = await PeerAsync();
        var run = RunOf(peer, 2);
        peer.Ledger.Chain.SetPause("no room");
        Assert.Equal(new RunVerdict(0, new("future")), await peer.Follower.AcceptAsync(Call(run)));
        Assert.Equal(0ul, peer.Ledger.Chain.Tip.Height);

        peer.Ledger.Chain.SetPause(null);
        Assert.Equal(new RunVerdict(2, Ok), await peer.Follower.AcceptAsync(Call(run)));
    }

    [Fact]
    public async Task Known_blocks_at_the_front_count_as_stored()
    {
        await using var peer = await PeerAsync();
        var run = RunOf(peer, 4);
        await peer.Follower.AcceptAsync(Call(run[..2]));

        Assert.Equal(new RunVerdict(4, Ok), await peer.Follower.AcceptAsync(Call(run)));
    }

    [Fact]
    public async Task A_run_stops_at_its_first_wrong_block_and_says_who_is_to_blame()
    {
        foreach (var at in (int[])[0, 2])
        {
            foreach (var (verdict, wrongDelivery, spoil) in Faults())
            {
                await using var peer = await PeerAsync();
                var run = RunOf(peer, 4);
                var call = Call(run).Blocks.ToArray();
                call[at] = spoil(peer, run[at]);

                var answer = await peer.Follower.AcceptAsync(new BlockRun([.. call]));

                Assert.Equal(new RunVerdict(at, verdict, wrongDelivery), answer);
                Assert.Equal((ulong)at, peer.Ledger.Chain.Tip.Height);
                Assert.Equal(new RunVerdict(4, Ok), await peer.Follower.AcceptAsync(Call(run)));
            }
        }
    }

    [Fact]
    public async Task A_run_with_a_hole_is_stored_up_to_it()
    {
        await using var peer = await PeerAsync();
        var run = RunOf(peer, 4);

        Assert.Equal(new RunVerdict(2, new("gap")), await peer.Follower.AcceptAsync(Call([run[0], run[1], run[3]])));
        Assert.Equal(new RunVerdict(2, new("malformed")), await peer.Follower.AcceptAsync(
            new BlockRun([.. Call(run[..2]).Blocks, new IncomingBlock(new byte[5], default)])));
        Assert.Equal(2ul, peer.Ledger.Chain.Tip.Height);
    }

    [Fact]
    public async Task A_second_block_after_known_ones_is_kept_as_evidence()
    {
        await using var peer = await PeerAsync();
        var run = RunOf(peer, 2);
        await peer.Follower.AcceptAsync(Call(run));
        var second = peer.Ledger.BlockOn(run[0].Block, Start + 9_000);

        Assert.Equal(new RunVerdict(1, new("equivocation")), await peer.Follower.AcceptAsync(Call([run[0], new(second, [])])));
        Assert.Equal(1, peer.Ledger.Chain.EquivocationCount);
    }

    [Fact]
    public async Task The_faults_of_bodies_come_after_the_place_and_the_signature_before_it()
    {
        await using var peer = await PeerAsync();
        var tip = peer.Ledger.Chain.Tip;
        var stranger = LedgerFixture.Forge(new BlockHeader(1, Start, new BlockHash(tip.Header.MessageRoot), default, default, default), "leader", peer.Ledger.Sign("alice"));
        var forged = LedgerFixture.Forge(new BlockHeader(1, Start, new BlockHash(tip.Header.MessageRoot), default, default, default), "bob", peer.Ledger.Sign("alice"));

        Assert.Equal(new RunVerdict(0, new("bad_prev_hash")), await peer.Follower.AcceptAsync(Call([new(stranger, [])])));
        Assert.Equal(new RunVerdict(0, new("bad_producer")), await peer.Follower.AcceptAsync(Call([new(forged, [])])));
    }

    [Fact]
    public async Task Two_runs_at_once_end_in_one_chain()
    {
        await using var peer = await PeerAsync();
        var run = RunOf(peer, 6);
        peer.Ledger.Store.Hold();

        var first = peer.Follower.AcceptAsync(Call(run[..4]));
        var second = peer.Follower.AcceptAsync(Call(run));
        await peer.Ledger.Store.Reached;

        // While a run is being written, checks are answered.
        Assert.Equal(Ok, await peer.Follower.CheckAsync(run[0].Block.Encoding));
        peer.Ledger.Store.Release();

        Assert.Equal([new RunVerdict(4, Ok), new RunVerdict(6, Ok)], await Task.WhenAll(first, second));
        Assert.Equal(run[^1].Block.Hash, peer.Ledger.Chain.Tip.Hash);
    }

    [Fact]
    public async Task A_check_says_what_a_block_is_and_stores_nothing()
    {
        await using var peer = await PeerAsync();
        var run = RunOf(peer, 3);

        Assert.Equal(Ok, await peer.Follower.CheckAsync(run[0].Block.Encoding));
        Assert.Equal(new BlockVerdict("gap"), await peer.Follower.CheckAsync(run[1].Block.Encoding));
        Assert.Equal(0ul, peer.Ledger.Chain.Tip.Height);
        await peer.Follower.AcceptAsync(Call(run));
        Assert.Equal(new BlockVerdict("duplicate"), await peer.Follower.CheckAsync(run[1].Block.Encoding));
        Assert.Equal(new BlockVerdict("duplicate"), await peer.Follower.CheckAsync(peer.Ledger.Parameters.Genesis.Encoding));
    }

    [Fact]
    public async Task A_header_alone_is_judged_like_its_block()
    {
        await using var peer = await PeerAsync();
        var run = RunOf(peer, 3);
        var header = HeaderOf(run[0].Block);
        var forged = (byte[])header.Clone();
        forged[^1] ^= 1;
        var second = peer.Ledger.BlockOn(run[0].Block, Start + 9_000);

        Assert.Equal(Ok, await peer.Follower.CheckHeaderAsync(header));
        Assert.Equal(new BlockVerdict("gap"), await peer.Follower.CheckHeaderAsync(HeaderOf(run[2].Block)));
        Assert.Equal(new BlockVerdict("bad_signature"), await peer.Follower.CheckHeaderAsync(forged));
        Assert.Equal(new BlockVerdict("bad_producer"), await peer.Follower.CheckHeaderAsync(HeaderOf(LedgerFixture.Forge(run[0].Block.Header, "bob"))));
        Assert.Equal(new BlockVerdict("malformed"), await peer.Follower.CheckHeaderAsync(header.AsMemory(1)));
        Assert.Equal(new BlockVerdict("malformed"), await peer.Follower.CheckHeaderAsync((byte[])[.. header, 0]));
        Assert.Equal(new BlockVerdict("duplicate"), await peer.Follower.CheckHeaderAsync(HeaderOf(peer.Ledger.Parameters.Genesis)));

        await peer.Follower.AcceptAsync(Call(run));
        Assert.Equal(new BlockVerdict("duplicate"), await peer.Follower.CheckHeaderAsync(header));
        Assert.Equal(new BlockVerdict("equivocation"), await peer.Follower.CheckHeaderAsync(HeaderOf(second)));
        Assert.Equal(new BlockVerdict("equivocation"), await peer.Follower.CheckAsync(second.Encoding));
        Assert.Equal(1, peer.Ledger.Chain.EquivocationCount);
        Assert.Equal(
            HeaderOf(second),
            await peer.Ledger.Store.GetAsync(Family.Metadata, (byte[])[.. Bytes.Ascii("equivocation:"), .. Bytes.U64(2), .. second.Hash.Value.ToArray()]));
    }

    [Fact]
    public async Task A_node_that_knows_no_leader_key_yet_takes_nobodys_block()
    {
        var producers = ProducerSchedule.Unknown();
        await using var peer = await GrainFixture.CreateAsync(new NodeShape { Silos = [false], Producers = producers });
        peer.Time.Advance(TimeSpan.FromMinutes(1));
        var run = RunOf(peer, 1);

        Assert.Equal(new RunVerdict(0, new("bad_producer")), await peer.Follower.AcceptAsync(Call(run)));
        Assert.True((await peer.Reader.GetStatusAsync()).LeaderKey.IsEmpty);
        Assert.True(producers.TryPin(peer.Ledger.Signer.PublicKey));
        Assert.Equal(new RunVerdict(1, Ok), await peer.Follower.AcceptAsync(Call(run)));
        Assert.Equal(peer.Ledger.Signer.PublicKey.ToArray(), (await peer.Reader.GetStatusAsync()).LeaderKey.ToArray());
    }

    internal static BlockRun Call(IEnumerable<Delivery> run) =>
        new([.. run.Select(delivery => new IncomingBlock(delivery.Block.Encoding, GrainFixture.Encode(delivery.Bodies ?? [])))]);

    // Blocks with two messages of alice and one of bob each.
    internal static List<Delivery> RunOf(GrainFixture peer, int count) => peer.Ledger.RunOf(
        [.. Enumerable.Range(0, count).Select(_ => new[] { peer.Ledger.Sign("alice"), peer.Ledger.Sign("bob"), peer.Ledger.Sign("alice") })]);

    internal static async Task<GrainFixture> PeerAsync(NodeShape? shape = null)
    {
        var peer = await GrainFixture.CreateAsync((shape ?? new NodeShape()) with { Silos = [false] });
        peer.Time.Advance(TimeSpan.FromMinutes(1));
        return peer;
    }

    private static IEnumerable<(BlockVerdict Verdict, bool WrongDelivery, Func<GrainFixture, Delivery, IncomingBlock> Spoil)> Faults()
    {
        yield return (new("bad_message", 2), true, (_, one) => new(one.Block.Encoding, GrainFixture.Encode(one.Bodies!.Take(2))));
        yield return (new("bad_message", 1), true, (peer, one) => new(
            one.Block.Encoding, GrainFixture.Encode([one.Bodies![0], peer.Ledger.Sign("bob", one.Bodies[1].Nonce, "substituted"), one.Bodies[2]])));
        yield return (new("bad_root"), false, (_, one) => new(Flipped(one.Block, ^1), GrainFixture.Encode(one.Bodies!)));
        yield return (new("bad_signature"), false, (_, one) => new(Flipped(one.Block, BlockHeader.Size), GrainFixture.Encode(one.Bodies!)));
        yield return (new("bad_nonce", 1), false, SkipNonce);
    }

    private static IncomingBlock SkipNonce(GrainFixture peer, Delivery one)
    {
        Message[] bodies = [one.Bodies![0], peer.Ledger.Sign("bob", one.Bodies[1].Nonce + 1, "a gap"), one.Bodies[2]];
        return new(LedgerFixture.Forge(one.Block.Header, "leader", bodies).Encoding, GrainFixture.Encode(bodies));
    }

    private static byte[] Flipped(Block block, Index at)
    {
        var bytes = block.Encoding.ToArray();
        bytes[at] ^= 1;
        return bytes;
    }

    private static byte[] HeaderOf(Block block)
    {
        var header = new byte[BlockHeader.Size];
        block.Header.WriteTo(header);
        return header;
    }
}
