using Kimura.Embedded.Invocation;
using Kimura.Embedded.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Kimura.Embedded.Activations;

/// <content>How it begins and ends.</content>
internal sealed partial class Activation
{
    private IGrainBase? _grain;
    private AsyncServiceScope? _scope;
    private DeactivationReason? _reason;
    private CancellationToken _deactivationToken;

    /// <summary>Constructs the grain, reads its state and activates it, in turns of its own.</summary>
    internal void Start() => _turns.Post(BeginAsync);

    /// <inheritdoc/>
    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        bool end;
        lock (_turns.Gate)
        {
            if (_state is ActivationState.Deactivating or ActivationState.Ended || _reason is not null)
            {
                return;
            }

            _reason = deactivationReason;
            _deactivationToken = cancellationToken;
            end = _state == ActivationState.Valid && BeginDeactivating();
        }

        if (end)
        {
            _turns.Post(EndAsync);
        }
    }

    /// <summary>The silo was killed: no turn runs any more, nobody is told but the callers. Outside all turns.</summary>
    internal void Kill()
    {
        List<GrainInvocation> lost;
        lock (_turns.Gate)
        {
            lost = TakeWaiting();
            for (GrainInvocation? running = _running; running is not null; running = running.NextRunning)
            {
                lost.Add(running);
            }

            _state = ActivationState.Ended;
            _turns.Die();
        }

        DisposeTimers();
        foreach (GrainInvocation invocation in lost)
        {
            invocation.Fail(new SiloUnavailableException($"Silo {Silo.Name} was killed while it held a call of grain {GrainId}."));
        }

        _deactivated.TrySetResult();
    }

    private async Task BeginAsync()
    {
        bool end;
        try
        {
            await ActivateAsync();
            lock (_turns.Gate)
            {
                if (_state != ActivationState.Activating)
                {
                    return;
                }

                _state = ActivationState.Valid;
                end = _reason is not null && BeginDeactivating();
            }
        }
        catch (Exception exception)
        {
            LogActivationFailed(Silo.Logger, exception, this);
            await ReleaseAsync();
            foreach (GrainInvocation waiting in Retire())
            {
                waiting.Fail(exception);
            }

            return;
        }

        if (end)
        {
            await EndAsync();
        }
    }

    private async Task ActivateAsync()
    {
        _scope = Silo.Services.CreateAsyncScope();
        List<IPersistentStateBridge> states = [];
        _grain = GrainClass.Activator.Create(this, _scope.Value.ServiceProvider, states);
        foreach (IPersistentStateBridge state in states)
        {
            await state.ReadStateAsync();
        }

        using CancellationTokenSource tooLate = new(Silo.Cluster.Options.ResponseTimeout, Silo.Time);
        await _grain.OnActivateAsync(tooLate.Token);
    }

    // Under the gate. True: nothing is in progress, end at once.
    private bool BeginDeactivating()
    {
        _state = ActivationState.Deactivating;
        return _runningCount == 0;
    }

    private async Task EndAsync()
    {
        DisposeTimers();
        try
        {
            using CancellationTokenSource tooLate = new(Silo.Options.DeactivationTimeout, Silo.Time);
            using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(tooLate.Token, _deactivationToken);
            await _grain!.OnDeactivateAsync(_reason!.Value, cancellation.Token).WaitAsync(Silo.Options.DeactivationTimeout, Silo.Time);
        }
        catch (Exception exception)
        {
            LogDeactivationFailed(Silo.Logger, exception, this);
        }

        await ReleaseAsync();
        bool fruitless = !HasServed && _reason!.Value.ReasonCode == DeactivationReasonCode.ApplicationRequested;
        foreach (GrainInvocation waiting in Retire())
        {
            waiting.SendOn(fruitless);
        }
    }

    // First out of the directory, then ended, so that who finds it ended finds its successor.
    private List<GrainInvocation> Retire()
    {
        Pool?.Remove(this);
        Silo.Cluster.Directory.Remove(this);
        List<GrainInvocation> waiting;
        lock (_turns.Gate)
        {
            _state = ActivationState.Ended;
            waiting = TakeWaiting();
        }

        DisposeTimers();
        _deactivated.TrySetResult();
        return waiting;
    }

    private async Task ReleaseAsync()
    {
        try
        {
            switch (_grain)
            {
                case IAsyncDisposable disposable:
                    await disposable.DisposeAsync();
                    break;
                case IDisposable disposable:
                    disposable.Dispose();
                    break;
            }

            if (_scope is { } scope)
            {
                await scope.DisposeAsync();
            }
        }
        catch (Exception exception)
        {
            LogReleaseFailed(Silo.Logger, exception, this);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Grain {Activation} failed to activate")]
    private static partial void LogActivationFailed(ILogger logger, Exception exception, Activation activation);

    [LoggerMessage(Level = LogLevel.Warning, Message = "OnDeactivateAsync of grain {Activation} failed")]
    private static partial void LogDeactivationFailed(ILogger logger, Exception exception, Activation activation);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Disposing of grain {Activation} failed")]
    private static partial void LogReleaseFailed(ILogger logger, Exception exception, Activation activation);
}
