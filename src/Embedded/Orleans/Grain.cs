using System.Diagnostics.CodeAnalysis;
using Kimura.Embedded.Activations;
using Orleans.Runtime;

namespace Orleans;

/// <summary>Base class of grain implementations.</summary>
[SuppressMessage("Naming", "CA1725", Justification = "The parameter names are Orleans'.")]
public abstract class Grain : IGrainBase, IAddressable
{
    /// <summary>Takes the context of the activation that is being constructed.</summary>
    /// <exception cref="InvalidOperationException">The grain was constructed by something other than the engine.</exception>
    protected Grain()
    {
        GrainContext = TurnContext.Current
            ?? throw new InvalidOperationException("A grain is constructed by the engine only: get a reference from IGrainFactory.");
    }

    /// <summary>The context of this activation.</summary>
    public IGrainContext GrainContext { get; }

    /// <summary>Gives references to other grains.</summary>
    protected IGrainFactory GrainFactory => ((Activation)GrainContext).Silo.Client;

    /// <summary>The services of this activation.</summary>
    protected internal IServiceProvider ServiceProvider => GrainContext.ActivationServices;

    /// <summary>Runs once, after the state is read and before the first call. A failure fails the waiting calls.</summary>
    public virtual Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs once, after the last call. Not run when the silo is killed.</summary>
    public virtual Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Ends this activation when the calls that are running now have ended; later calls go to a new activation.</summary>
    protected void DeactivateOnIdle() => GrainBaseExtensions.DeactivateOnIdle(this);
}
