using Kimura.Chain;
using Kimura.Grains;
using Kimura.Grains.Cluster;
using Kimura.Silo.Network.Wire;
using Kimura.Storage.Ledger;
using Kimura.Storage.Log;

namespace Kimura.Silo.Cluster;

/// <summary>
/// Where the leading silo is for nodes outside: its own record, which it leaves in the log and every silo hands on. In the log it is a whole
/// status, so that it needs no format of its own.
/// </summary>
internal sealed class LeaderHost(ChainStore chain, ChainParameters parameters, NodeOptions options, ClusterView view) : ILeaderHost
{
    /// <summary>This silo's own record, once it listens.</summary>
    public LeaderRecord? Own { get; set; }

    public LeaderPlace Place => new(
        options.SiloName,
        Own is { } own ? new StatusMessage(parameters.Genesis.Hash.Value, parameters.ChainId, chain.Tip.Header, null, own).Encode() : default(ReadOnlyMemory<byte>));

    /// <summary>The leading silo's record, where it has left one.</summary>
    public LeaderRecord? Leading => view.News?.Leader is { Host: { IsEmpty: false } status } ? StatusMessage.Decode(status.Span)?.Leader : null;
}
