using System.Diagnostics.Metrics;
using Kimura.Grains;
using Kimura.Grains.Cluster;
using Kimura.Storage.Ledger;

namespace Kimura.Silo.Cluster;

/// <summary>What a silo measures of its cluster: nothing where it runs alone.</summary>
internal sealed class ClusterInstruments
{
    private readonly Counter<long> _lost;

    /// <summary>Registers the instruments of the meter <c>Kimura.Cluster</c>.</summary>
    public ClusterInstruments(IMeterFactory meters, ClusterView view, ILivingSilos silos, ChainStore replica, NodeOptions options)
    {
        var meter = meters.Create("Kimura.Cluster");
        _lost = meter.CreateCounter<long>("kimura.cluster.log.losses", "{loss}", "Times that the cluster's log stopped answering.");
        meter.CreateObservableGauge("kimura.cluster.log.height", () => (long)(view.News?.Tip.Height ?? 0), "{block}", "Height of the cluster's log, as last heard.");
        meter.CreateObservableGauge("kimura.cluster.replica.lag", () => (long)view.LagAt(replica.Tip.Height), "{block}", "Blocks of the cluster's log that this silo's database lacks.");
        meter.CreateObservableGauge("kimura.cluster.log.reachable", () => view.IsLost ? 0 : 1, "1", "1 while the cluster's log answers.");
        meter.CreateObservableGauge("kimura.cluster.silos", () => silos.Names.Count(), "{silo}", "Silos of the cluster that run, as this one knows it.");
        meter.CreateObservableGauge("kimura.cluster.leading", () => view.News?.Leader?.Silo == options.SiloName ? 1 : 0, "1", "1 on the silo that leads.");
        meter.CreateObservableGauge("kimura.cluster.epoch", () => (long)(view.News?.LeaderEpoch ?? 0), "{epoch}", "The leader's epoch, as last heard.");
    }

    public void Lost() => _lost.Add(1);
}
