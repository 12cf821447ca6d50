using Orleans;

namespace Kimura.Interfaces;

/// <summary>
/// The public way to submit, from the gateway or any Orleans client: key 0, a stateless worker on every silo. Checks signatures on
/// every core and hands what is valid to the pool.
/// </summary>
[Alias("kimura.IIntakeGrain")]
public interface IIntakeGrain : IGrainWithIntegerKey
{
    /// <summary>
    /// Submits messages, in order. Completes when every accepted one is on disk; a later call of one client may be made before
    /// an earlier one completes, as long as it is made after it.
    /// </summary>
    [Alias("Submit")]
    Task<SubmissionResults> SubmitAsync(SubmissionBatch batch);
}
