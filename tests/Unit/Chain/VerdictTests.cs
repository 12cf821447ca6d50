using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Verification;
using Xunit;

namespace Kimura.Tests.Unit.Chain;

public sealed class VerdictTests
{
    /// <summary>Faults in the order of the checks; of two that share a group a block can have only one.</summary>
    private static readonly (string Name, string? Group, Action<BlockDraft> Spoil, Finding Finding)[] Faults =
    [
        ("another version byte", null, draft => draft.SpoilVersion = true, new(Verdict.Malformed)),
        ("a message too many", "list", AddMessages, new(Verdict.TooLarge)),
        ("a root of another list", null, draft => draft.SpoilRoot = true, new(Verdict.BadRoot)),
        ("signed by somebody else", null, draft => draft.Producer = "bob", new(Verdict.BadProducer)),
        ("a forged signature", null, draft => draft.SpoilSignature = true, new(Verdict.BadSignature)),
        ("another block at the tip's height", "height", draft => draft.Height = BlockDraft.TipHeight, new(Verdict.Equivocation)),
        ("a height left out", "height", draft => draft.Height = BlockDraft.TipHeight + 2, new(Verdict.Gap)),
        ("a link to another block", null, draft => draft.PrevHash = BlockDraft.Parameters.Genesis.Hash, new(Verdict.BadPrevHash)),
        ("the tip's timestamp", "time", draft => draft.Timestamp = BlockDraft.TipTime, new(Verdict.BadTimestamp)),
        ("a timestamp too far ahead", "time", draft => draft.Timestamp = BlockDraft.Now + 10_001, new(Verdict.Future)),
        ("an id listed twice", "list", draft => draft.ListFirstAgain = true, new(Verdict.BadMessage, 3)),
        ("a body missing", "delivery", draft => draft.SpoilDelivery = bodies => bodies.RemoveAt(2), new(Verdict.BadMessage, 2, WrongDelivery: true)),
        ("a body too many", "delivery", draft => draft.SpoilDelivery = bodies => bodies.Add(bodies[0]), new(Verdict.BadMessage, 3, WrongDelivery: true)),
        ("swapped bodies", "delivery", draft => draft.SpoilDelivery = bodies => bodies.Reverse(0, 3), new(Verdict.BadMessage, 0, WrongDelivery: true)),
        ("a forged message", null, draft => draft.Messages[0].Forged = true, new(Verdict.BadMessage, 0)),
        ("a message later than its block", null, draft => draft.Messages[1].Timestamp = draft.Timestamp + 20_000, new(Verdict.BadTimestamp, 1)),
        ("too many bytes", null, draft => Fill(draft, 40_000), new(Verdict.TooLarge)),
        ("a nonce left out", null, draft => draft.Messages[2].Nonce = 7, new(Verdict.BadNonce, 2)),
    ];

    public static TheoryData<string> EachFault() => [.. Faults.Select(fault => fault.Name)];

    public static TheoryData<string, string> EachPair() =>
    [
        .. from first in Faults
           from second in Faults[(Array.IndexOf(Faults, first) + 1)..]
           where first.Group is null || first.Group != second.Group
           select new TheoryDataRow<string, string>(first.Name, second.Name),
    ];

    [Fact]
    public async Task The_next_block_is_ok() => Assert.Equal(new Finding(Verdict.Ok), await new BlockDraft().VerifyAsync());

    [Theory]
    [MemberData(nameof(EachFault))]
    public async Task One_fault_gives_its_verdict(string name)
    {
        var fault = Faults.Single(one => one.Name == name);
        var draft = new BlockDraft();
        fault.Spoil(draft);
        Assert.Equal(fault.Finding, await draft.VerifyAsync());
    }

    [Theory]
    [MemberData(nameof(EachPair))]
    public async Task Of_two_faults_the_first_in_the_protocols_order_gives_the_verdict(string name, string other)
    {
        var draft = new BlockDraft();
        Faults.Single(one => one.Name == other).Spoil(draft);
        Faults.Single(one => one.Name == name).Spoil(draft);
        Assert.Equal(Faults.Single(one => one.Name == name).Finding, await draft.VerifyAsync());
    }

    [Fact]
    public void Every_verdict_of_a_block_has_a_fault_in_the_table()
    {
        var shown = Faults.Select(fault => fault.Finding.Verdict).Append(Verdict.Ok).Append(Verdict.Duplicate).Append(Verdict.Unspecified);
        Assert.Equal(Enum.GetValues<Verdict>().Order(), shown.Distinct().Order());
    }

    [Theory]
    [InlineData(Verdict.Malformed, "malformed", true, true)]
    [InlineData(Verdict.TooLarge, "too_large", true, true)]
    [InlineData(Verdict.BadRoot, "bad_root", true, true)]
    [InlineData(Verdict.BadProducer, "bad_producer", true, true)]
    [InlineData(Verdict.BadSignature, "bad_signature", true, true)]
    [InlineData(Verdict.Duplicate, "duplicate", true, false)]
    [InlineData(Verdict.Equivocation, "equivocation", true, false)]
    [InlineData(Verdict.Gap, "gap", false, false)]
    [InlineData(Verdict.BadPrevHash, "bad_prev_hash", true, true)]
    [InlineData(Verdict.BadTimestamp, "bad_timestamp", true, true)]
    [InlineData(Verdict.Future, "future", false, false)]
    [InlineData(Verdict.BadMessage, "bad_message", true, false)]
    [InlineData(Verdict.BadNonce, "bad_nonce", true, false)]
    [InlineData(Verdict.Ok, "ok", false, false)]
    public void A_verdict_has_a_name_and_says_what_to_do(Verdict verdict, string name, bool permanent, bool blamesPeer)
    {
        Assert.Equal(name, verdict.ToProtocolName());
        Assert.Equal(permanent, verdict.IsPermanent());
        Assert.Equal(blamesPeer, verdict.BlamesPeer());
    }

    [Fact]
    public void What_was_not_checked_has_no_name_and_says_nothing()
    {
        Assert.Equal(default, Verdict.Unspecified);
        Assert.Throws<ArgumentOutOfRangeException>(() => Verdict.Unspecified.ToProtocolName());
        Assert.False(Verdict.Unspecified.IsPermanent());
        Assert.False(Verdict.Unspecified.BlamesPeer());
    }

    [Fact]
    public void The_stored_block_again_is_a_duplicate_also_below_the_tip()
    {
        Assert.Equal(Verdict.Ok, BlockVerifier.CheckSelf(BlockDraft.Tip, BlockDraft.Producers));
        Assert.Equal(Verdict.Duplicate, BlockVerifier.CheckPlace(BlockDraft.Tip, BlockDraft.Tip, BlockDraft.Tip.Hash, BlockDraft.Now));
        Assert.Equal(Verdict.Duplicate, BlockVerifier.CheckPlace(BlockDraft.Tip, Next(), BlockDraft.Tip.Hash, BlockDraft.Now));
        Assert.Equal(Verdict.Equivocation, BlockVerifier.CheckPlace(BlockDraft.Tip, Next(), default(BlockHash), BlockDraft.Now));
    }

    [Fact]
    public void Nobody_is_accused_without_the_stored_hash() =>
        Assert.Throws<ArgumentException>(() => BlockVerifier.CheckPlace(BlockDraft.Tip, Next(), stored: null, BlockDraft.Now));

    [Fact]
    public void Genesis_is_never_received()
    {
        var genesis = new ChainParameters().Genesis;
        Assert.Equal(Verdict.BadProducer, BlockVerifier.CheckSelf(genesis.Encoding, new ChainParameters(), BlockDraft.Producers, out _));
        Assert.Equal(
            Verdict.BadRoot, BlockVerifier.CheckSelf(BlockDraft.Parameters.Genesis.Encoding, BlockDraft.Parameters, BlockDraft.Producers, out _));
    }

    [Theory]
    [InlineData(BlockDraft.TipTime + 1, Verdict.Ok)]
    [InlineData(BlockDraft.Now + 10_000, Verdict.Ok)]
    [InlineData(BlockDraft.Now + 10_001, Verdict.Future)]
    [InlineData(ulong.MaxValue, Verdict.Future)]
    [InlineData(BlockDraft.TipTime, Verdict.BadTimestamp)]
    [InlineData(BlockDraft.TipTime - 1, Verdict.BadTimestamp)]
    [InlineData(0, Verdict.BadTimestamp)]
    public async Task A_blocks_time_is_after_the_tip_and_at_most_10_s_ahead(ulong timestamp, Verdict verdict)
    {
        var draft = new BlockDraft { Timestamp = timestamp };
        draft.Messages.ForEach(message => message.Timestamp = 0);
        Assert.Equal(new Finding(verdict), await draft.VerifyAsync());
    }

    [Fact]
    public async Task A_message_as_late_as_its_block_is_right()
    {
        var draft = new BlockDraft();
        draft.Messages[1].Timestamp = draft.Timestamp;
        Assert.Equal(new Finding(Verdict.Ok), await draft.VerifyAsync());
    }

    [Fact]
    public async Task Content_over_the_chains_limit_is_the_producers_fault()
    {
        var small = new ChainParameters("kimura-test", maxContent: 2);
        var draft = new BlockDraft();
        var bodies = draft.Messages.Select(message => message.Sign(small)).ToList();
        Assert.Equal(Verdict.Ok, BlockVerifier.CheckSelf(draft.Encode(bodies), small, BlockDraft.Producers, out var block));
        var check = await BodyVerifier.CheckAsync(block!, bodies, new Dictionary<PublicKey, ulong>(), small, InlineWorkers.Instance);
        Assert.Equal(new BodyCheck(Verdict.BadMessage, 0), check);
    }

    [Fact]
    public void An_id_that_is_not_the_bodys_is_the_producers_fault()
    {
        var bodies = new BlockDraft().Messages.Select(message => message.Sign(BlockDraft.Parameters)).ToList();
        byte[] entries = [.. BlockDraft.Tip.Hash.Value.ToArray(), .. bodies[0].ComputeHash().Value.ToArray()];
        var block = Block.Create(BlockDraft.Tip.Header with { Timestamp = ulong.MaxValue }, entries);
        Assert.Equal(new BodyCheck(Verdict.BadMessage, 0), BodyVerifier.CheckBodies(block, bodies, 0, 1, BlockDraft.Parameters));
    }

    [Fact]
    public void Nonces_go_on_by_one_for_each_sender_and_are_remembered()
    {
        var draft = new BlockDraft();
        var bodies = draft.Messages.Select(message => message.Sign(BlockDraft.Parameters)).ToList();
        PublicKey alice = bodies[0].Sender, bob = bodies[1].Sender;
        var next = new Dictionary<PublicKey, ulong> { [alice] = 5 };
        Assert.Equal(BodyCheck.Ok, BodyVerifier.CheckNonces(bodies, next));
        Assert.Equal((7UL, 1UL), (next[alice], next[bob]));
        Assert.Equal(new BodyCheck(Verdict.BadNonce, 0), BodyVerifier.CheckNonces(bodies, next));
        Assert.Equal(new BodyCheck(Verdict.BadNonce, 0), BodyVerifier.CheckNonces(bodies, new Dictionary<PublicKey, ulong> { [alice] = 4 }));
    }

    [Fact]
    public void A_produced_block_is_later_than_the_tip_and_its_messages()
    {
        using var signer = new BlockSigner(Golden.TestKeys.Private("leader"));
        Assert.Equal(BlockDraft.TipTime + 1, BlockProduction.Produce(BlockDraft.Tip, [], 0, 5, signer).Header.Timestamp);
        Assert.Equal(BlockDraft.Now, BlockProduction.Produce(BlockDraft.Tip, [], BlockDraft.TipTime, BlockDraft.Now, signer).Header.Timestamp);
        Assert.Equal(BlockDraft.Now + 3, BlockProduction.Produce(BlockDraft.Tip, [], BlockDraft.Now + 3, BlockDraft.Now, signer).Header.Timestamp);
    }

    private static Block Next()
    {
        using var signer = new BlockSigner(Golden.TestKeys.Private("leader"));
        return BlockProduction.Produce(BlockDraft.Tip, [], 0, BlockDraft.Now, signer);
    }

    private static void AddMessages(BlockDraft draft)
    {
        draft.Messages.Add(new MessageDraft("bob", 1));
        draft.Messages.Add(new MessageDraft("bob", 2));
    }

    private static void Fill(BlockDraft draft, int bytes)
    {
        draft.Messages[0].Content = new byte[bytes];
        draft.Messages[1].Content = new byte[bytes];
    }
}
