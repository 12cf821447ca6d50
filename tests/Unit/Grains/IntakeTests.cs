using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Interfaces;
using Kimura.Tests.Unit.Chain.Golden;
using Microsoft.Extensions.Logging;
using Xunit;
using static Kimura.Interfaces.SubmissionOutcome;

namespace Kimura.Tests.Unit.Grains;

public sealed class IntakeTests
{
    [Fact]
    public async Task Valid_messages_go_to_the_pool_and_their_ids_come_back()
    {
        await using var node = await GrainFixture.CreateAsync();
        var messages = new[] { node.Ledger.Sign("alice"), node.Ledger.Sign("bob") };

        var results = await node.SubmitAsync(messages);

        Assert.Equal([Accepted, Accepted], GrainFixture.Outcomes(results));
        Assert.Equal(GrainFixture.Ids(messages), results.Ids.ToArray());
        Assert.Equal(2, node.Ledger.Chain.PendingCount);
    }

    [Fact]
    public async Task What_is_refused_spoils_nothing_beside_it()
    {
        await using var node = await GrainFixture.CreateAsync(new NodeShape { Parameters = new ChainParameters("kimura-test", maxContent: 100) });
        var tooLarge = Raw(node, "alice", 1, new byte[101]);
        var forged = Change(node.Ledger.Sign("bob", 0, "forged"), Message.HeaderSize - 5);
        var changed = Change(node.Ledger.Sign("bob", 0, "changed"), Message.HeaderSize);
        var offCurve = OffCurve(node);
        Message[] messages = [node.Ledger.Sign("alice"), tooLarge, forged, node.Ledger.Sign("carol", 1, "a gap"), changed, offCurve, node.Ledger.Sign("alice")];

        var results = await node.SubmitAsync(messages);

        Assert.Equal(
            [new(Accepted), new(TooLarge), new(InvalidSignature), new(WrongNonce), new(InvalidSignature), new(InvalidSignature), new(Accepted)], results.Results);
        Assert.Equal(GrainFixture.Ids(messages), results.Ids.ToArray());
        Assert.Equal(
            [messages[0].ComputeId(), messages[6].ComputeId()], node.Ledger.Chain.GetAllPending().Select(message => message.Id));
    }

    [Fact]
    public async Task A_batch_of_nothing_valid_does_not_reach_the_pool()
    {
        await using var node = await GrainFixture.CreateAsync();

        Assert.Equal([InvalidSignature], GrainFixture.Outcomes(await node.SubmitAsync(Change(node.Ledger.Sign("bob"), Message.HeaderSize))));
        Assert.Empty(GrainFixture.Outcomes(await node.SubmitAsync()));

        Assert.Equal(0ul, node.Ledger.Chain.PoolEpoch);
    }

    [Fact]
    public async Task A_message_signed_for_another_chain_is_worth_nothing_here()
    {
        await using var node = await GrainFixture.CreateAsync();
        await using var other = await GrainFixture.CreateAsync(new NodeShape { Parameters = new ChainParameters("kimura-other") });
        await using var plain = await GrainFixture.CreateAsync(new NodeShape { Parameters = new ChainParameters() });

        Assert.Equal([InvalidSignature], GrainFixture.Outcomes(await node.SubmitAsync(other.Ledger.Sign("alice"))));
        Assert.Equal([InvalidSignature], GrainFixture.Outcomes(await node.SubmitAsync(plain.Ledger.Sign("alice"))));
        Assert.Equal([Accepted], GrainFixture.Outcomes(await node.SubmitAsync(node.Ledger.Sign("alice"))));
    }

    [Fact]
    public async Task Without_a_leader_silo_nothing_is_taken_and_invalid_is_still_called_so()
    {
        await using var node = await GrainFixture.CreateAsync(new NodeShape { Silos = [false] });

        var results = await node.SubmitAsync(node.Ledger.Sign("alice"), Change(node.Ledger.Sign("bob"), Message.HeaderSize));

        Assert.Equal([Unavailable, InvalidSignature], GrainFixture.Outcomes(results));
        Assert.StartsWith(
            "The pending pool cannot be reached: ",
            Assert.Single(node.Log.Lines, line => line.Level == LogLevel.Warning).Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_batch_that_is_not_what_it_says_is_a_callers_bug()
    {
        await using var node = await GrainFixture.CreateAsync();
        var bytes = node.Ledger.Sign("alice").Encoding.ToArray();
        var cut = bytes[..^1];
        (byte[] Encodings, int Count)[] wrong = [(bytes, 2), (bytes, -1), (bytes, int.MaxValue), (bytes, 0), (cut, 1), ([.. bytes, .. cut], 2), ([], 1)];

        foreach (var (encodings, count) in wrong)
        {
            await Assert.ThrowsAsync<ArgumentException>(() => node.Intake.SubmitAsync(new SubmissionBatch(encodings, count)));
        }
    }

    [Fact]
    public async Task Leader_and_pool_share_the_oldest_silo_with_the_flag_and_move_when_it_dies()
    {
        await using var node = await GrainFixture.CreateAsync(new NodeShape { Silos = [false, true, true] });
        Assert.Equal([Accepted], GrainFixture.Outcomes(await node.SubmitAsync(node.Ledger.Sign("alice"))));
        Assert.Equal(1ul, (await node.Leader.KeepAliveAsync()).Epoch);
        Assert.Equal(("Silo_1", "Silo_1"), (node.Cluster.WhereIs(node.Leader), node.Cluster.WhereIs(node.Pool)));

        node.SiloOf(1).Kill();

        Assert.Equal(2ul, (await node.Leader.KeepAliveAsync()).Epoch);
        Assert.Equal([Accepted], GrainFixture.Outcomes(await node.SubmitAsync(node.Ledger.Sign("alice"))));
        Assert.Equal(("Silo_2", "Silo_2"), (node.Cluster.WhereIs(node.Leader), node.Cluster.WhereIs(node.Pool)));
        await node.TickAsync();
        Assert.Equal(2, node.Ledger.Chain.Tip.Count);

        await node.SiloOf(2).StopAsync();
        Assert.Equal([Unavailable], GrainFixture.Outcomes(await node.SubmitAsync(node.Ledger.Sign("alice"))));
    }

    private static Message Change(Message message, int offset)
    {
        var encoding = message.Encoding.ToArray();
        encoding[offset] ^= 1;
        return Read(encoding);
    }

    private static Message Raw(GrainFixture node, string sender, ulong nonce, byte[] content)
    {
        using var key = TestKeys.Private(sender);
        return Read(MessageSigner.Sign(node.Ledger.Parameters, key, nonce, content));
    }

    // x = 5 is on no point of the curve.
    private static Message OffCurve(GrainFixture node)
    {
        var encoding = node.Ledger.Sign("bob", 0, "off the curve").Encoding.ToArray();
        encoding.AsSpan(1, 32).Clear();
        encoding[32] = 5;
        return Read(encoding);
    }

    private static Message Read(byte[] encoding) =>
        Message.TryDecode(encoding, ChainParameters.ContentLimit, out var message) ? message : throw new InvalidOperationException("not a message");
}
