using Kimura.Embedded.Activations;

namespace Kimura.Embedded.Invocation;

/// <summary>One thing that an activation is asked to do: a call, or a timer's tick. Queued, then run as turns.</summary>
internal abstract class GrainInvocation
{
    /// <summary>When it was made, as the TimeProvider counts.</summary>
    internal long MadeAt { get; set; }

    /// <summary>Its place in the order of arrival at its activation.</summary>
    internal long Arrival { get; set; }

    /// <summary>Starts whatever else is in progress.</summary>
    internal abstract bool AlwaysInterleaves { get; }

    /// <summary>May run beside others of its kind.</summary>
    internal abstract bool IsReadOnly { get; }

    /// <summary>Keeps the activation from being collected.</summary>
    internal abstract bool CountsAsUse { get; }

    /// <summary>Means this activation only: never sent on to another one, not bounded by the mailbox.</summary>
    internal abstract bool IsLocal { get; }

    /// <summary>Nobody waits for it any more.</summary>
    internal abstract bool IsAbandoned { get; }

    /// <summary>Whether it blocks calls that do not interleave while it runs; the activation sets and reads it.</summary>
    internal bool Blocks { get; set; }

    /// <summary>Neighbours in the activation's list of what runs.</summary>
    internal GrainInvocation? NextRunning { get; set; }

    /// <inheritdoc cref="NextRunning"/>
    internal GrainInvocation? PreviousRunning { get; set; }

    /// <summary>Runs in a turn of the activation and ends, then or in a later turn, with <see cref="Activation.OnEnded"/>. Never throws.</summary>
    internal abstract void Run(Activation activation);

    /// <summary>Ends it for whoever waits.</summary>
    internal abstract void Fail(Exception exception);

    /// <summary>Ends it for whoever waits: no answer came in time. Outside all turns.</summary>
    internal abstract void TimeOut(TimeSpan timeout);

    /// <summary>Sends it to the grain's next activation; <paramref name="fruitless"/>: the last one ended itself before it took any call.</summary>
    internal abstract void SendOn(bool fruitless);
}
