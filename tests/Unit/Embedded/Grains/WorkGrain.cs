using Kimura.Tests.Unit.Embedded.Harness;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Kimura.Tests.Unit.Embedded.Grains;

/// <summary>Calls that take their time, whose start and end the probe sees.</summary>
public interface IHoldGrain : IGrainWithIntegerKey
{
    /// <summary>Waits at a gate between two notes.</summary>
    Task HoldAsync(string gate);

    /// <summary>Adds 1 to a field in several turns: two calls at once would lose one.</summary>
    Task<int> AddSlowlyAsync();

    /// <summary>Adds 1 to a field, with a wait at a gate in between: calls that wait there together add 1 in all.</summary>
    Task AddBehindAsync(string gate);

    /// <summary>Many turns, each of which checks that no other runs.</summary>
    Task<bool> SpinTurnsAsync(int turns);

    [AlwaysInterleave]
    Task<int> PeekAsync();

    [ReadOnly]
    Task HoldReadOnlyAsync(string gate);
}

/// <summary>A grain of the default kind.</summary>
public interface IWorkGrain : IHoldGrain
{
    /// <summary>Which activation it is: a number of the probe's.</summary>
    Task<int> ActivationAsync();

    Task<long> KeyAsync();

    Task<string> SiloAsync();

    Task EndAsync();

    Task EndWhileHoldingAsync(string gate);

    Task CallSelfAsync();

    Task<int> ActivationOfAsync(long key);

    /// <summary>Calls many other grains at once and gives the sum of their keys.</summary>
    Task<long> FanOutAsync(int count);

    Task FailAsync(string kind);

    ValueTask<int> DoubleAsync(int number);

    ValueTask NothingAsync();

    Task WaitForCancellationAsync(CancellationToken cancellation);

    Task<bool> ResumesOnItsSchedulerAsync(string gate);

    Task<string?> AmbientAsync();
}

/// <summary>A reentrant grain.</summary>
public interface IReentrantGrain : IHoldGrain
{
}

public abstract class HoldGrain(Probe probe) : Grain, IHoldGrain
{
    private int _sum;
    private int _turns;

    protected Probe Probe => probe;

    public async Task HoldAsync(string gate)
    {
        probe.Note($"enter {gate}");
        await probe.Gate(gate);
        probe.Note($"leave {gate}");
    }

    public async Task<int> AddSlowlyAsync()
    {
        int sum = _sum;
        await Task.Yield();
        await Task.Yield();
        _sum = sum + 1;
        return _sum;
    }

    public async Task AddBehindAsync(string gate)
    {
        int sum = _sum;
        probe.Note($"enter {gate}");
        await probe.Gate(gate);
        _sum = sum + 1;
    }

    public async Task<bool> SpinTurnsAsync(int turns)
    {
        bool alone = true;
        for (int i = 0; i < turns; i++)
        {
            alone &= Interlocked.Increment(ref _turns) == 1;
            Thread.SpinWait(20);
            Interlocked.Decrement(ref _turns);
            await Task.Yield();
        }

        return alone;
    }

    public Task<int> PeekAsync() => Task.FromResult(_sum);

    public Task HoldReadOnlyAsync(string gate) => HoldAsync(gate);
}

[Reentrant]
public sealed class ReentrantGrain(Probe probe) : HoldGrain(probe), IReentrantGrain
{
}

public sealed class WorkGrain(Probe probe, ILocalSiloDetails silo) : HoldGrain(probe), IWorkGrain
{
    internal static readonly AsyncLocal<string?> Ambient = new();

    private int _activation;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _activation = Probe.NextId();
        Probe.Note($"activate {this.GetPrimaryKeyLong()}");
        return Task.CompletedTask;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        Probe.Note($"deactivating {this.GetPrimaryKeyLong()} {reason.ReasonCode}");
        await Task.Yield();
        Probe.Note($"deactivated {this.GetPrimaryKeyLong()}");
    }

    public Task<int> ActivationAsync() => Task.FromResult(_activation);

    public Task<long> KeyAsync() => Task.FromResult(this.GetPrimaryKeyLong());

    public Task<string> SiloAsync() => Task.FromResult(silo.Name);

    public Task EndAsync()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public async Task EndWhileHoldingAsync(string gate)
    {
        DeactivateOnIdle();
        await HoldAsync(gate);
    }

    public Task CallSelfAsync() => this.AsReference<IWorkGrain>().KeyAsync();

    public Task<int> ActivationOfAsync(long key) => GrainFactory.GetGrain<IWorkGrain>(key).ActivationAsync();

    public async Task<long> FanOutAsync(int count)
    {
        TaskScheduler mine = TaskScheduler.Current;
        long[] keys = await Task.WhenAll(Enumerable.Range(100, count).Select(key => GrainFactory.GetGrain<IWorkGrain>(key).KeyAsync()));
        return TaskScheduler.Current == mine ? keys.Sum() : -1;
    }

    public async Task FailAsync(string kind)
    {
        await Task.Yield();
        throw kind switch
        {
            "argument" => new ArgumentException("no such thing", nameof(kind)),
            "canceled" => new OperationCanceledException("called off"),
            _ => new CustomException("custom", 42),
        };
    }

    public ValueTask<int> DoubleAsync(int number) => new(number * 2);

    public async ValueTask NothingAsync() => await Task.Yield();

    public async Task WaitForCancellationAsync(CancellationToken cancellation)
    {
        TaskCompletionSource canceled = new();
        TaskScheduler mine = TaskScheduler.Current;
        using CancellationTokenRegistration registration = cancellation.Register(() =>
        {
            Probe.Note(TaskScheduler.Current == mine ? "canceled in turn" : "canceled out of turn");
            canceled.TrySetCanceled(cancellation);
        });
        Probe.Note("waiting");
        await canceled.Task;
    }

    public async Task<bool> ResumesOnItsSchedulerAsync(string gate)
    {
        TaskScheduler mine = TaskScheduler.Current;
        Probe.Note($"enter {gate}");
        await Probe.Gate(gate);
        return TaskScheduler.Current == mine && mine != TaskScheduler.Default;
    }

    public Task<string?> AmbientAsync() => Task.FromResult(Ambient.Value);
}

[GenerateSerializer, Alias("tests.CustomException")]
public sealed class CustomException(string message, int number) : Exception(message)
{
    [Id(0)] public int Number { get; } = number;
}
