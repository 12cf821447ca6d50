using Kimura.Embedded.Invocation;
using Kimura.Embedded.Activations;
using Orleans.Runtime;

namespace Kimura.Embedded.Timers;

/// <summary>The tick of a timer in the queue of its activation. A timer has one, used again and again: it is queued once at a time.</summary>
internal sealed class TimerTick(GrainTimer timer, GrainTimerCreationOptions options) : GrainInvocation
{
    internal override bool AlwaysInterleaves => options.Interleave;

    internal override bool IsReadOnly => false;

    internal override bool CountsAsUse => options.KeepAlive;

    internal override bool IsLocal => true;

    internal override bool IsAbandoned => false;

    internal override void Run(Activation activation) => _ = RunAsync(activation);

    // Ticks have no waiting caller: with their activation they just end.
    internal override void Fail(Exception exception)
    {
    }

    internal override void TimeOut(TimeSpan timeout)
    {
    }

    internal override void SendOn(bool fruitless)
    {
    }

    private async Task RunAsync(Activation activation)
    {
        await timer.TickAsync();
        activation.OnEnded(this);
        timer.OnTicked();
    }
}
