using Kimura.Libp2p.Identities;
using Kimura.Silo.Network;
using Xunit;

namespace Kimura.Tests.Unit.Silo.Network;

public sealed class PeerBookTests
{
    private static readonly HashSet<PeerId> Nobody = [];

    private readonly ManualTimeProvider _clock = new();
    private readonly PeerBook _book;

    public PeerBookTests() => _book = new PeerBook(_clock);

    [Fact]
    public void Target_is_the_farthest_connected_peers()
    {
        Assert.Equal(0ul, _book.Target);
        var (near, far) = (Enter(1), Enter(2));
        _book.Reaches(near, 5);
        _book.Reaches(far, 9);
        _book.Reaches(far, 7);
        _book.Reaches(IdOf(3), 1_000);
        Assert.Equal((9ul, 2), (_book.Target, _book.Count));
        _book.Leave(far);
        Assert.Equal((5ul, 1), (_book.Target, _book.Count));
    }

    [Fact]
    public void Least_busy_of_those_that_have_it_is_asked_then_who_said_so_first()
    {
        var (one, two, behind) = (Enter(1), Enter(2), Enter(3));
        _book.Reaches(two, 9);
        _book.Reaches(one, 9);
        _book.Reaches(behind, 8);
        Assert.Equal((two, 9ul), _book.Choose(9, Nobody));
        Assert.Equal((one, 9ul), _book.Choose(9, new HashSet<PeerId> { two }));
        Assert.Null(_book.Choose(9, new HashSet<PeerId> { one, two }));
        _book.Burden(two, 1);
        Assert.Equal((one, 9ul), _book.Choose(9, Nobody));
        _book.Burden(two, -1);
        Assert.Equal((two, 9ul), _book.Choose(9, Nobody));
        Assert.Null(_book.Choose(10, Nobody));
    }

    [Fact]
    public void Who_did_not_deliver_must_say_again_what_it_has()
    {
        var peer = Enter(1);
        _book.Reaches(peer, 9);
        _book.Doubt(peer);
        Assert.Null(_book.Choose(1, Nobody));
        Assert.Equal(0ul, _book.Target);
        _book.Reaches(peer, 9);
        Assert.Equal((peer, 9ul), _book.Choose(1, Nobody));
    }

    [Fact]
    public void Blame_adds_up_shows_in_the_score_and_keeps_away_for_ten_minutes()
    {
        var (peer, other) = (Enter(1), Enter(2));
        Assert.False(_book.Blame(peer, 50));
        Assert.Equal((-50d, 0d), (_book.ScoreOf(peer), _book.ScoreOf(other)));
        Assert.True(_book.Blame(peer, 50));
        Assert.False(_book.Blame(peer, 50));
        _book.Leave(peer);
        Assert.False(_book.Enter(peer));
        _clock.Advance(TimeSpan.FromMinutes(9));
        Assert.False(_book.Enter(peer));
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.True(_book.Enter(peer));
        Assert.Equal(0, _book.ScoreOf(peer));
    }

    [Fact]
    public void Blame_outlasts_a_connection()
    {
        var peer = Enter(1);
        _book.Blame(peer, 50);
        _book.Leave(peer);
        Enter(1);
        Assert.True(_book.Blame(peer, 50));
    }

    [Fact]
    public void Blame_for_one_that_is_not_connected_means_nothing()
    {
        Assert.False(_book.Blame(IdOf(1), 1_000));
        Assert.True(_book.Enter(IdOf(1)));
    }

    [Fact]
    public void Memory_of_those_kept_away_is_bounded_and_drops_the_oldest()
    {
        var ids = Enumerable.Range(0, 1_100).Select(IdOf).ToList();
        foreach (var id in ids)
        {
            _book.Enter(id);
            _book.Blame(id, PeerBook.BlameLimit);
            _book.Leave(id);
            _clock.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.Equal(1_024, ids.Count(id => !_book.Enter(id)));
        Assert.True(_book.Enter(ids[0]));
        Assert.False(_book.Enter(ids[^1]));
    }

    private static PeerId IdOf(int number)
    {
        var seed = new byte[32];
        BitConverter.TryWriteBytes(seed, number);
        using var identity = Identity.FromEd25519Seed(seed);
        return identity.Id;
    }

    private PeerId Enter(int number)
    {
        Assert.True(_book.Enter(IdOf(number)));
        return IdOf(number);
    }
}
