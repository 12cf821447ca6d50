using Kimura.Interfaces;
using Kimura.Storage;
using Kimura.Tests.Simulation.Engine;
using Kimura.Tests.Simulation.Node;
using Orleans;
using Orleans.Runtime;

namespace Kimura.Tests.Simulation.Workload;

/// <summary>How clients reach nodes: a call that takes its time, and may never be answered.</summary>
internal sealed class Calls(Life clients, SimRandom random)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Calls a node; null where it does not answer in time, says that it cannot, or is not there.</summary>
    public async Task<T?> CallAsync<T>(SimNode node, Func<IGrainFactory, Task<T?>> call)
        where T : class
    {
        var answer = new TaskCompletionSource<T?>(TaskCreationOptions.RunContinuationsAsynchronously);
        clients.After(Patience, () => answer.TrySetResult(null));
        clients.After(Way(), () => Arrive(node, call, answer));
        return await answer.Task;
    }

    private void Arrive<T>(SimNode node, Func<IGrainFactory, Task<T?>> call, TaskCompletionSource<T?> answer)
        where T : class
    {
        if (node.Running is not { } process)
        {
            clients.After(Way(), () => answer.TrySetResult(null));
            return;
        }

        _ = process.Life.Start(async () =>
        {
            try
            {
                var result = await call(process.Grains);
                clients.After(Way(), () => answer.TrySetResult(result));
            }
            catch (Exception exception) when (exception is OrleansException or TimeoutException or StorageException or OperationCanceledException or ObjectDisposedException)
            {
                clients.After(Way(), () => answer.TrySetResult(null));
            }
            catch (DamagedDataException) when (node.Platter.WasDamaged)
            {
                // It says so, and gives no wrong byte, while no peer of it has the true ones.
                clients.After(Way(), () => answer.TrySetResult(null));
            }
            catch (Exception exception)
            {
                var bug = clients.World.Violation($"a call at {process.Life.Name} ended with {exception}");
                clients.After(Way(), () => answer.TrySetException(bug));
            }
        });
    }

    private TimeSpan Way() => random.Between(TimeSpan.FromMilliseconds(0.1), TimeSpan.FromMilliseconds(3));
}
