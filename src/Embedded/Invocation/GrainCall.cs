using System.Diagnostics.CodeAnalysis;
using Kimura.Embedded.Activations;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Kimura.Embedded.Invocation;

/// <summary>One call on its way to a grain and back.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A cancellation source without a timer holds nothing to release.")]
internal sealed class GrainCall<TResult> : GrainInvocation
{
    // Activations that end themselves before they take a single call may pass a call on so often: it would go round for ever.
    private const int MaxFruitless = 3;

    // It is set in turns, or by OutsideTurns: so callers go on where they were, never in place.
    private readonly TaskCompletionSource<TResult> _answer = new();
    private readonly MethodPlan<TResult> _plan;
    private readonly GrainReferenceProxy _reference;
    private readonly object?[] _arguments;
    private CancellationTokenSource? _cancellation;
    private CancellationTokenRegistration _registration;
    private Activation? _activation;
    private int _fruitless;

    private GrainCall(MethodPlan<TResult> plan, GrainReferenceProxy reference, object?[] arguments)
    {
        _plan = plan;
        _reference = reference;
        _arguments = arguments;
        MadeAt = reference.Factory.Cluster.Options.TimeProvider.GetTimestamp();
    }

    internal override bool AlwaysInterleaves => _plan.AlwaysInterleaves;

    internal override bool IsReadOnly => _plan.IsReadOnly;

    internal override bool CountsAsUse => true;

    internal override bool IsLocal => false;

    internal override bool IsAbandoned => _answer.Task.IsCompleted;

    internal static Task<TResult> Send(MethodPlan<TResult> plan, GrainReferenceProxy reference, object?[] arguments)
    {
        GrainCall<TResult> call = new(plan, reference, arguments);
        if (plan.CancellationIndex >= 0 && arguments[plan.CancellationIndex] is CancellationToken { CanBeCanceled: true } token)
        {
            if (token.IsCancellationRequested)
            {
                return Task.FromCanceled<TResult>(token);
            }

            call.ListenTo(token);
        }

        reference.Send(call);
        return call._answer.Task;
    }

    internal override void Run(Activation activation)
    {
        // Either this sees that the caller gave up, or who gives up sees the activation to tell.
        Interlocked.Exchange(ref _activation, activation);
        if (IsAbandoned)
        {
            activation.OnEnded(this);
            return;
        }

        Task? task;
        try
        {
            task = _plan.Invoke(activation.GrainInstance!, _arguments);
        }
        catch (Exception exception)
        {
            End(activation, exception);
            return;
        }

        if (task is null)
        {
            End(activation, new InvalidOperationException($"{_plan.Name} of grain {activation.GrainId} gave null instead of a task."));
        }
        else if (task.IsCompletedSuccessfully)
        {
            End(activation, task);
        }
        else
        {
            _ = RunOnAsync(activation, task);
        }
    }

    internal override void Fail(Exception exception)
    {
        _answer.TrySetException(exception);
        _registration.Unregister();
    }

    internal override void TimeOut(TimeSpan timeout)
    {
        Fail(new TimeoutException($"No answer from {_plan.Name} of grain {_reference.GrainId} within {timeout}."));
        CancelInTurn();
    }

    internal override void SendOn(bool fruitless)
    {
        _fruitless += fruitless ? 1 : 0;
        if (_fruitless > MaxFruitless)
        {
            Fail(new OrleansMessageRejectionException(
                $"{_plan.Name} of grain {_reference.GrainId} was not delivered: {_fruitless} activations in a row " +
                "ended themselves before they took a call."));
        }
        else
        {
            _reference.Send(this);
        }
    }

    private async Task RunOnAsync(Activation activation, Task task)
    {
        try
        {
            await task;
        }
        catch (Exception exception)
        {
            End(activation, exception);
            return;
        }

        End(activation, task);
    }

    private void End(Activation activation, Task completed)
    {
        activation.OnEnded(this);
        _registration.Unregister();
        _answer.TrySetResult(completed is Task<TResult> typed ? typed.GetAwaiter().GetResult() : default!);
    }

    private void End(Activation activation, Exception exception)
    {
        if (exception is InconsistentStateException { IsSourceActivation: true } conflict)
        {
            conflict.IsSourceActivation = false;
            activation.Deactivate(new(DeactivationReasonCode.ApplicationError, conflict, "Its state was written by somebody else."));
        }

        activation.OnEnded(this);
        _registration.Unregister();
        if (exception is OperationCanceledException canceled && canceled.CancellationToken == _cancellation?.Token)
        {
            _answer.TrySetCanceled(canceled.CancellationToken);
        }
        else
        {
            _answer.TrySetException(exception);
        }
    }

    // The grain gets a token of its own, whose callbacks run in its turns.
    private void ListenTo(CancellationToken token)
    {
        _cancellation = new CancellationTokenSource();
        _arguments[_plan.CancellationIndex] = _cancellation.Token;
        _registration = token.UnsafeRegister(
            static (self, token) =>
            {
                var call = (GrainCall<TResult>)self!;
                call._reference.Factory.Cluster.OutsideTurns.Run(() => call._answer.TrySetCanceled(token));
                call.CancelInTurn();
            },
            this);
    }

    private void CancelInTurn()
    {
        if (_cancellation is { } cancellation)
        {
            Volatile.Read(ref _activation)?.Post(cancellation.Cancel);
        }
    }
}
