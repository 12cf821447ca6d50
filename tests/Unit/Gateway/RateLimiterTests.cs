using System.Net;
using Kimura.Gateway;
using Kimura.Gateway.RateLimiting;
using Xunit;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>The allowance of client addresses, under a clock that the test moves.</summary>
public sealed class RateLimiterTests
{
    private static readonly IPAddress Client = IPAddress.Parse("192.0.2.1");

    private readonly FrozenClock _clock = new();

    [Fact]
    public void A_burst_of_twice_the_rate_is_granted_and_then_the_rate()
    {
        var limiter = Limiter(rate: 10);
        Assert.Equal(20, GrantedOf(limiter, 30));
        _clock.Advance(TimeSpan.FromMilliseconds(99));
        Assert.Equal(0, GrantedOf(limiter, 5));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, GrantedOf(limiter, 5));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(10, GrantedOf(limiter, 30));
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(20, GrantedOf(limiter, 30));
    }

    [Fact]
    public void A_charge_is_all_or_nothing_and_says_when_it_will_be_granted()
    {
        var limiter = Limiter(rate: 10);
        Assert.Equal(ChargeOutcome.Granted, limiter.Take(Client, 15).Outcome);
        var refused = limiter.Take(Client, 10);
        Assert.Equal(ChargeOutcome.Exceeded, refused.Outcome);
        Assert.Equal(500, refused.RetryAfterMilliseconds);
        Assert.Equal(ChargeOutcome.Granted, limiter.Take(Client, 5).Outcome);
        Assert.Equal(100, limiter.RetryAfter(Client));
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Null(limiter.RetryAfter(Client));
        Assert.Equal(ChargeOutcome.Granted, limiter.Take(Client, 1).Outcome);
    }

    [Fact]
    public void More_than_a_full_burst_is_never_granted()
    {
        var limiter = Limiter(rate: 10);
        Assert.Equal(ChargeOutcome.OverBurst, limiter.Take(Client, 21).Outcome);
        Assert.Equal(ChargeOutcome.Granted, limiter.Take(Client, 20).Outcome);
    }

    [Fact]
    public void Zero_turns_the_limit_off()
    {
        var limiter = Limiter(rate: 0);
        Assert.Equal(ChargeOutcome.Granted, limiter.Take(Client, int.MaxValue).Outcome);
        Assert.Null(limiter.RetryAfter(Client));
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:2::1", false)]
    [InlineData("127.0.0.1", "::1", false)]
    public void A_client_is_an_ipv4_address_or_an_ipv6_slash_64(string one, string other, bool same)
    {
        var limiter = Limiter(rate: 1);
        limiter.Take(IPAddress.Parse(one), 2);
        Assert.Equal(same ? ChargeOutcome.Exceeded : ChargeOutcome.Granted, limiter.Take(IPAddress.Parse(other), 1).Outcome);
    }

    [Fact]
    public void The_table_of_clients_is_bounded_and_forgets_those_with_full_buckets()
    {
        var limiter = Limiter(rate: 1);
        for (var i = 0; i < ClientRateLimiter.MaxClients; i++)
        {
            limiter.Take(AddressOf(i), 1);
        }

        // No room and nobody to forget: the next ones share an allowance of two.
        Assert.Equal(ChargeOutcome.Granted, limiter.Take(AddressOf(-1), 1).Outcome);
        Assert.Equal(ChargeOutcome.Granted, limiter.Take(AddressOf(-2), 1).Outcome);
        Assert.Equal(ChargeOutcome.Exceeded, limiter.Take(AddressOf(-3), 1).Outcome);
        Assert.Equal(ClientRateLimiter.MaxClients, limiter.Clients);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(ChargeOutcome.Granted, limiter.Take(AddressOf(-3), 1).Outcome);
        Assert.Equal(1, limiter.Clients);
    }

    private static IPAddress AddressOf(int number) => new((uint)unchecked(number + 1_000_000));

    private static int GrantedOf(ClientRateLimiter limiter, int tries) =>
        Enumerable.Range(0, tries).Count(_ => limiter.Take(Client, 1).Outcome == ChargeOutcome.Granted);

    private ClientRateLimiter Limiter(int rate) => new(new GatewayOptions { RateLimit = rate }, _clock);
}
