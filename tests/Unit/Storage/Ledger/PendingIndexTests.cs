using Kimura.Storage.Ledger;
using Kimura.Tests.Unit.Chain.Golden;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Ledger;

public sealed class PendingIndexTests
{
    [Fact]
    public async Task A_sender_is_known_from_the_first_message_to_the_last()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var messages = Enumerable.Range(0, 3).Select(_ => ledger.Number(ledger.Sign("alice"))).ToArray();
        var alice = TestKeys.Public("alice");
        var index = new PendingIndex();

        Assert.Null(index.NextNonceOf(alice));
        Array.ForEach(messages, index.Add);
        Assert.Equal((0ul, 3ul, 3), (index.FirstNonceOf(alice)!.Value, index.NextNonceOf(alice)!.Value, index.Count));
        index.Remove(messages[0]);
        Assert.Equal((1ul, 3ul, 2), (index.FirstNonceOf(alice)!.Value, index.NextNonceOf(alice)!.Value, index.Count));
        index.Remove(messages[1]);
        index.Remove(messages[2]);
        Assert.Null(index.NextNonceOf(alice));
        Assert.Null(index.FirstNonceOf(alice));
        Assert.Equal(0, index.Count);
        Assert.False(index.TryGet(messages[0].Id, out _));
    }

    [Fact]
    public async Task A_message_out_of_order_or_twice_is_a_bug()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var messages = Enumerable.Range(0, 3).Select(_ => ledger.Number(ledger.Sign("alice"))).ToArray();
        var index = new PendingIndex();
        index.Add(messages[0]);

        Assert.Throws<InvalidOperationException>(() => index.Add(messages[2]));
        Assert.Throws<InvalidOperationException>(() => index.Add(messages[0]));
        index.Add(messages[1]);
        Assert.Throws<InvalidOperationException>(() => index.Remove(messages[1]));
        Assert.Throws<InvalidOperationException>(() => index.Remove(messages[2]));
    }

    [Fact]
    public async Task Adding_and_removing_at_the_same_time_loses_nothing()
    {
        const int count = 2_000;
        await using var ledger = await LedgerFixture.CreateAsync();
        var messages = Enumerable.Range(0, count).Select(_ => ledger.Number(ledger.Sign("alice"))).ToArray();
        var index = new PendingIndex();
        using var added = new SemaphoreSlim(0);

        var adding = Task.Run(() =>
        {
            foreach (var message in messages)
            {
                index.Add(message);
                added.Release();
            }
        });
        foreach (var message in messages)
        {
            Assert.True(await added.WaitAsync(TimeSpan.FromSeconds(30)));
            index.Remove(message);
        }

        await adding;
        Assert.Equal(0, index.Count);
        Assert.Empty(index.Messages);
        Assert.Null(index.NextNonceOf(TestKeys.Public("alice")));
    }
}
