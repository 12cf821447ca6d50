using Kimura.Silo.Network;
using Xunit;

namespace Kimura.Tests.Unit.Silo.Network;

public sealed class TurnstileTests
{
    private static CancellationToken Never => CancellationToken.None;

    [Fact]
    public async Task No_more_pass_than_there_are_places_and_the_rest_in_order()
    {
        var turnstile = new Turnstile(2);
        await turnstile.EnterAsync(Never);
        await turnstile.EnterAsync(Never);
        Task third = turnstile.EnterAsync(Never), fourth = turnstile.EnterAsync(Never);
        Assert.False(third.IsCompleted);

        turnstile.Leave();
        await third;
        Assert.False(fourth.IsCompleted);
        turnstile.Leave();
        await fourth;
    }

    [Fact]
    public async Task Who_gives_up_waiting_takes_no_place()
    {
        var turnstile = new Turnstile(1);
        using var patience = new CancellationTokenSource();
        await turnstile.EnterAsync(Never);
        Task impatient = turnstile.EnterAsync(patience.Token), patient = turnstile.EnterAsync(Never);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);

        turnstile.Leave();
        await patient;
        turnstile.Leave();
        await turnstile.EnterAsync(Never);
    }
}
