using Kimura.Tests.Unit.Embedded.Harness;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Kimura.Tests.Unit.Embedded.Grains;

/// <summary>A grain with timers.</summary>
public interface ITimerGrain : IGrainWithIntegerKey
{
    Task StartAsync(string name, TimeSpan due, TimeSpan period, bool interleave, bool keepAlive);

    /// <summary>Starts a timer whose ticks wait at a gate.</summary>
    Task StartHoldingAsync(string name, TimeSpan period, bool interleave, string gate);

    /// <summary>Starts a timer whose ticks wait at a gate and then call another grain.</summary>
    Task StartCallingAsync(string name, TimeSpan period, string gate);

    /// <summary>Starts a timer that changes itself to another period at its first tick.</summary>
    Task StartChangingAsync(string name, TimeSpan due, TimeSpan nextDue);

    /// <summary>Starts a timer whose ticks fail.</summary>
    Task StartFailingAsync(string name, TimeSpan period);

    Task ChangeAsync(string name, TimeSpan due, TimeSpan period);

    Task StopAsync(string name);

    Task HoldAsync(string gate);

    Task EndAsync();
}

public sealed class TimerGrain(Probe probe) : Grain, ITimerGrain
{
    private readonly Dictionary<string, IGrainTimer> _timers = [];

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        probe.Note($"deactivated {reason.ReasonCode}");
        return Task.CompletedTask;
    }

    public Task StartAsync(string name, TimeSpan due, TimeSpan period, bool interleave, bool keepAlive)
    {
        GrainTimerCreationOptions options = new(due, period) { Interleave = interleave, KeepAlive = keepAlive };
        _timers[name] = this.RegisterGrainTimer(
            (state, _) =>
            {
                probe.Note($"tick {state}");
                return Task.CompletedTask;
            },
            name,
            options);
        return Task.CompletedTask;
    }

    public Task StartHoldingAsync(string name, TimeSpan period, bool interleave, string gate)
    {
        _timers[name] = this.RegisterGrainTimer(
            async () =>
            {
                probe.Note($"tick {name}");
                await probe.Gate(gate);
                probe.Note($"tock {name}");
            },
            new GrainTimerCreationOptions { DueTime = period, Period = period, Interleave = interleave });
        return Task.CompletedTask;
    }

    public Task StartCallingAsync(string name, TimeSpan period, string gate)
    {
        _timers[name] = this.RegisterGrainTimer(
            async () =>
            {
                probe.Note($"tick {name}");
                await probe.Gate(gate);
                await GrainFactory.GetGrain<IWorkGrain>(99).KeyAsync();
                probe.Note($"tock {name}");
            },
            new GrainTimerCreationOptions { DueTime = period, Period = period });
        return Task.CompletedTask;
    }

    public Task StartChangingAsync(string name, TimeSpan due, TimeSpan nextDue)
    {
        _timers[name] = this.RegisterGrainTimer(
            _ =>
            {
                probe.Note($"tick {name}");
                _timers[name].Change(nextDue, Timeout.InfiniteTimeSpan);
                return Task.CompletedTask;
            },
            new GrainTimerCreationOptions(due, due));
        return Task.CompletedTask;
    }

    public Task StartFailingAsync(string name, TimeSpan period)
    {
        _timers[name] = this.RegisterGrainTimer(
            () =>
            {
                probe.Note($"tick {name}");
                throw new InvalidOperationException("a bad tick");
            },
            new GrainTimerCreationOptions(period, period));
        return Task.CompletedTask;
    }

    public Task ChangeAsync(string name, TimeSpan due, TimeSpan period)
    {
        _timers[name].Change(due, period);
        return Task.CompletedTask;
    }

    public Task StopAsync(string name)
    {
        _timers[name].Dispose();
        return Task.CompletedTask;
    }

    public async Task HoldAsync(string gate)
    {
        probe.Note($"enter {gate}");
        await probe.Gate(gate);
    }

    public Task EndAsync()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

/// <summary>A stateless worker with two activations a silo.</summary>
public interface IWorkerGrain : IGrainWithIntegerKey
{
    /// <summary>Waits at a gate; gives the activation's number.</summary>
    Task<int> HoldAsync(string gate);

    Task<string> SiloAsync();

    Task EndAsync();
}

[StatelessWorker(2)]
public sealed class WorkerGrain(Probe probe, ILocalSiloDetails silo) : Grain, IWorkerGrain
{
    private readonly int _activation = probe.NextId();

    public async Task<int> HoldAsync(string gate)
    {
        probe.Note($"enter {gate}");
        await probe.Gate(gate);
        return _activation;
    }

    public Task<string> SiloAsync() => Task.FromResult(silo.Name);

    public Task EndAsync()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

/// <summary>A grain whose activation does what the test says.</summary>
public interface IFragileGrain : IGrainWithStringKey
{
    Task<string> KeyAsync();
}

/// <summary>What a <see cref="IFragileGrain"/> does when it is activated; registered by the tests that need it.</summary>
public sealed class Fragility
{
    public Func<string, Grain, Task> OnActivate { get; set; } = static (_, _) => Task.CompletedTask;
}

public sealed class FragileGrain(Fragility fragility) : Grain, IFragileGrain
{
    public override Task OnActivateAsync(CancellationToken cancellationToken) => fragility.OnActivate(this.GetPrimaryKeyString(), this);

    public Task<string> KeyAsync() => Task.FromResult(this.GetPrimaryKeyString());
}
