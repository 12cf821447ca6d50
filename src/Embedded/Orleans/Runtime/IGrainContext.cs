namespace Orleans.Runtime;

/// <summary>One activation of a grain, seen from inside.</summary>
public interface IGrainContext : IEquatable<IGrainContext>
{
    /// <summary>The grain's identity.</summary>
    GrainId GrainId { get; }

    /// <summary>The grain object; null until it is constructed.</summary>
    object? GrainInstance { get; }

    /// <summary>The services of this activation.</summary>
    IServiceProvider ActivationServices { get; }

    /// <summary>Ends when the activation has ended. Awaiting it inside the activation never ends.</summary>
    Task Deactivated { get; }

    /// <summary>Ends this activation when the calls that are running now have ended; later calls go to a new activation.</summary>
    /// <param name="deactivationReason">Given to <see cref="IGrainBase.OnDeactivateAsync"/>.</param>
    /// <param name="cancellationToken">Given to <see cref="IGrainBase.OnDeactivateAsync"/>, which runs all the same.</param>
    void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default);
}
