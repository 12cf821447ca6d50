using Kimura.Embedded.Hosting;
using Kimura.Embedded.Invocation;
using Orleans.Runtime;

namespace Kimura.Embedded.Activations;

/// <summary>The activations of one stateless worker on one silo: a call goes to an idle one, or a new one, or the least loaded.</summary>
internal sealed class StatelessWorkerPool(EmbeddedSilo silo, GrainClass grainClass, GrainId grainId) : ICallTarget
{
    private readonly Lock _gate = new();
    private readonly List<Activation> _workers = [];

    /// <inheritdoc/>
    public bool TryDeliver(GrainInvocation invocation)
    {
        while (silo.IsRunning)
        {
            Activation? worker;
            bool isNew = false;
            lock (_gate)
            {
                worker = Choose(out int open);
                if (worker is null || (worker.Load > 0 && open < grainClass.MaxLocalWorkers(silo.Options)))
                {
                    worker = new Activation(silo, grainClass, grainId, this);
                    if (!silo.Cluster.Directory.TryAddWorker(worker))
                    {
                        return false;
                    }

                    _workers.Add(worker);
                    isNew = true;
                }
            }

            if (isNew)
            {
                worker.Start();
            }

            if (worker.TryDeliver(invocation))
            {
                return true;
            }
        }

        return false;
    }

    internal void Remove(Activation worker)
    {
        lock (_gate)
        {
            _workers.Remove(worker);
        }
    }

    // The first idle one in the order of their making, so that no more are kept busy than needed; else the least loaded.
    private Activation? Choose(out int open)
    {
        Activation? least = null;
        open = 0;
        foreach (Activation worker in _workers)
        {
            if (!worker.IsOpen)
            {
                continue;
            }

            open++;
            if (worker.Load == 0)
            {
                return worker;
            }

            if (least is null || worker.Load < least.Load)
            {
                least = worker;
            }
        }

        return least;
    }
}
