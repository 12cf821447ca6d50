namespace Kimura.Chain.Verification;

/// <summary>
/// The one port for work that several cores share (checking signatures): threads in production, inline in simulation.
/// </summary>
public interface IWorkers
{
    /// <summary>
    /// Calls <paramref name="work"/> for ranges [from, to) that together cover [0, <paramref name="count"/>), possibly side by side;
    /// completes when all are done. An exception of the work fails the task.
    /// </summary>
    Task RunAsync(int count, Action<int, int> work);
}
