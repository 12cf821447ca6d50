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
    /// Submits messages, in order. Completes when every accepted one is on disk. Calls that are under way at the same time may overtake
    /// each other: put a sender's messages that belong together into one batch, or wait for the answer.
    /// </summary>
    [Alias("Submit")]
    Task<SubmissionResults> SubmitAsync(SubmissionBatch batch);
}
