using Orleans.Runtime;

namespace Orleans;

/// <summary>What every grain implementation is to the engine; <see cref="Grain"/> implements it.</summary>
public interface IGrainBase
{
    /// <summary>The context of this activation.</summary>
    IGrainContext GrainContext { get; }

    /// <summary>Runs once, after the state is read and before the first call. A failure fails the waiting calls.</summary>
    Task OnActivateAsync(CancellationToken token) => Task.CompletedTask;

    /// <summary>Runs once, after the last call. Not run when the silo is killed.</summary>
    Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token) => Task.CompletedTask;
}
