using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Grains;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Identities;
using Kimura.Silo.Network;
using Kimura.Silo.Network.Wire;
using Kimura.Tests.Unit.Chain.Golden;
using Kimura.Tests.Unit.Storage.Ledger;
using Xunit;

namespace Kimura.Tests.Unit.Silo.Network;

public sealed class LeaderBookTests : IAsyncLifetime
{
    private LedgerFixture _ledger = null!;
    private LeaderBook _book = null!;

    public async ValueTask InitializeAsync()
    {
        _ledger = await LedgerFixture.CreateAsync();
        _book = BookFor(new ProducerSchedule(TestKeys.Public("leader")));
    }

    public ValueTask DisposeAsync() => _ledger.DisposeAsync();

    [Fact]
    public void Record_counts_only_under_the_leaders_signature_for_that_peer()
    {
        Assert.False(_book.Offer(Record(1, "bob"), isFirstHand: true));
        Assert.False(_book.Offer(Record(1) with { Peer = IdOf(2) }, isFirstHand: true));
        Assert.False(_book.Offer(Record(1) with { Signature = new byte[64] }, isFirstHand: false));
        Assert.Empty(_book.Current);
        Assert.True(_book.Offer(Record(1), isFirstHand: false));
        Assert.Equal(IdOf(1), Assert.Single(_book.Current).Peer);
    }

    [Fact]
    public void False_signature_does_not_replace_a_true_one()
    {
        Assert.True(_book.Offer(Record(1, addresses: "/ip4/127.0.0.1/tcp/1"), isFirstHand: true));
        Assert.False(_book.Offer(Record(1, addresses: "/ip4/127.0.0.1/tcp/2") with { Signature = new byte[64] }, isFirstHand: true));
        Assert.Equal([Multiaddress.Parse("/ip4/127.0.0.1/tcp/1")], Assert.Single(_book.Current).Addresses);
    }

    [Fact]
    public void False_addresses_make_room_once_nobody_answers_there()
    {
        for (var port = 1; port <= WireFormat.MaxAddresses; port++)
        {
            Assert.True(_book.Offer(Record(1, addresses: $"/ip4/127.0.0.1/tcp/{port}"), isFirstHand: false));
        }

        _book.Unreachable(IdOf(1), Multiaddress.Parse("/ip4/127.0.0.1/tcp/3"));
        Assert.True(_book.Offer(Record(1, addresses: "/ip4/127.0.0.1/tcp/99"), isFirstHand: false));
        var addresses = Assert.Single(_book.Current).Addresses;
        Assert.Contains(Multiaddress.Parse("/ip4/127.0.0.1/tcp/99"), addresses);
        Assert.DoesNotContain(Multiaddress.Parse("/ip4/127.0.0.1/tcp/3"), addresses);
    }

    [Fact]
    public void Leaders_own_addresses_replace_others_and_others_are_added_while_there_is_room()
    {
        Assert.True(_book.Offer(Record(1, addresses: "/ip4/127.0.0.1/tcp/1"), isFirstHand: false));
        for (var port = 2; port < 20; port++)
        {
            Assert.True(_book.Offer(Record(1, addresses: $"/ip4/127.0.0.1/tcp/{port}"), isFirstHand: false));
        }

        Assert.Equal(WireFormat.MaxAddresses, Assert.Single(_book.Current).Addresses.Count);
        Assert.True(_book.Offer(Record(1, addresses: "/ip4/127.0.0.1/tcp/99"), isFirstHand: true));
        Assert.Equal([Multiaddress.Parse("/ip4/127.0.0.1/tcp/99")], Assert.Single(_book.Current).Addresses);
    }

    [Fact]
    public void Few_records_are_kept_and_the_one_that_answered_comes_first()
    {
        for (byte peer = 1; peer <= 6; peer++)
        {
            Assert.True(_book.Offer(Record(peer), isFirstHand: true));
        }

        Assert.Equal([IdOf(6), IdOf(5), IdOf(4), IdOf(3)], _book.Current.Select(record => record.Peer));
        _book.Prefer(IdOf(4));
        _book.Prefer(IdOf(1));
        Assert.Equal([IdOf(4), IdOf(6), IdOf(5), IdOf(3)], _book.Current.Select(record => record.Peer));
    }

    [Fact]
    public async Task Record_is_the_key_of_the_next_block()
    {
        var book = BookFor(new ProducerSchedule([(0, TestKeys.Public("leader")), (2, TestKeys.Public("bob"))]));
        Assert.True(book.Offer(Record(1), isFirstHand: true));
        await _ledger.ProduceAsync("alice");
        Assert.Empty(book.Current);
        Assert.False(book.Offer(Record(1), isFirstHand: true));
        Assert.True(book.Offer(Record(2, "bob"), isFirstHand: true));
        Assert.Equal(IdOf(2), Assert.Single(book.Current).Peer);
    }

    [Fact]
    public void Nobody_is_the_leader_while_no_key_is_known() =>
        Assert.False(BookFor(ProducerSchedule.Unknown()).Offer(Record(1), isFirstHand: true));

    private static PeerId IdOf(byte number)
    {
        using var identity = Identity.FromEd25519Seed([.. Enumerable.Repeat(number, 32)]);
        return identity.Id;
    }

    private LeaderBook BookFor(ProducerSchedule producers) =>
        new(
        _ledger.Chain,
        new NodeOptions
        {
            SiloName = "book", IsLeader = false, Producers = producers, BlockInterval = TimeSpan.FromSeconds(1), Engine = "none", Version = "0",
        });

    private LeaderRecord Record(byte peer, string signedBy = "leader", string addresses = "/ip4/127.0.0.1/tcp/9000")
    {
        using var signer = new BlockSigner(TestKeys.Private(signedBy));
        return new LeaderRecord(IdOf(peer), [Multiaddress.Parse(addresses)], signer.SignLeader(_ledger.Parameters.Genesis.Hash, IdOf(peer).Bytes));
    }
}
