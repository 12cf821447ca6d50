using Kimura.Tests.Unit.Embedded.Harness;
using Orleans;
using Orleans.Runtime;

namespace Kimura.Tests.Unit.Embedded.Grains;

/// <summary>A grain with stored state.</summary>
public interface ILedgerGrain : IGrainWithStringKey
{
    /// <summary>Adds to the stored total and gives it.</summary>
    Task<long> AddAsync(long amount);

    Task<long> TotalAsync();

    /// <summary>The total as it was when the grain was activated.</summary>
    Task<long> TotalAtActivationAsync();

    /// <summary>Adds to the stored total behind the grain's back, then tries to write.</summary>
    Task AddAfterRivalAsync(long amount);

    /// <summary>Lets an add of another ledger fail here too.</summary>
    Task CallRivalledAsync(string other);

    Task<bool> ClearAsync();

    Task EndAsync();

    Task<int> ActivationAsync();
}

/// <summary>The stored state: never changed, replaced.</summary>
[GenerateSerializer, Immutable, Alias("tests.LedgerState")]
public sealed record LedgerState
{
    [Id(0)] public long Total { get; init; }
}

public sealed class LedgerGrain(
    Probe probe,
    [PersistentState("ledger", "memory")] IPersistentState<LedgerState> ledger,
    [PersistentState("ledger", "memory")] IPersistentState<LedgerState> rival)
    : Grain, ILedgerGrain
{
    private readonly int _activation = probe.NextId();
    private long _totalAtActivation;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _totalAtActivation = ledger.State.Total;
        return Task.CompletedTask;
    }

    public async Task<long> AddAsync(long amount)
    {
        ledger.State = new LedgerState { Total = ledger.State.Total + amount };
        await ledger.WriteStateAsync();
        return ledger.State.Total;
    }

    public Task<long> TotalAsync() => Task.FromResult(ledger.State.Total);

    public Task<long> TotalAtActivationAsync() => Task.FromResult(_totalAtActivation);

    public async Task AddAfterRivalAsync(long amount)
    {
        rival.State = new LedgerState { Total = rival.State.Total + amount };
        await rival.WriteStateAsync();
        ledger.State = new LedgerState { Total = -1 };
        await ledger.WriteStateAsync();
    }

    public Task CallRivalledAsync(string other) => GrainFactory.GetGrain<ILedgerGrain>(other).AddAfterRivalAsync(1);

    public async Task<bool> ClearAsync()
    {
        await ledger.ClearStateAsync();
        return ledger is { RecordExists: false, Etag: null, State.Total: 0 };
    }

    public Task EndAsync()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task<int> ActivationAsync() => Task.FromResult(_activation);
}
