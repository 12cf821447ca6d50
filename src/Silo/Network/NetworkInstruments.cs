using System.Diagnostics.Metrics;

namespace Kimura.Silo.Network;

/// <summary>What the network part of a node measures.</summary>
internal sealed class NetworkInstruments
{
    private readonly Counter<long> _verdicts;
    private readonly Counter<long> _fetched;
    private readonly Counter<long> _published;
    private readonly Counter<long> _blamed;

    /// <summary>Registers the instruments of the meter <c>Kimura.Network</c>.</summary>
    public NetworkInstruments(IMeterFactory meters)
    {
        var meter = meters.Create("Kimura.Network");
        _verdicts = meter.CreateCounter<long>("kimura.network.verdicts", "{block}", "Blocks from other nodes, by verdict and by how they came.");
        _fetched = meter.CreateCounter<long>("kimura.network.fetched", "{block}", "Blocks fetched from other nodes and stored.");
        _published = meter.CreateCounter<long>("kimura.network.published", "{block}", "Blocks published.");
        _blamed = meter.CreateCounter<long>("kimura.network.blamed", "{peer}", "Peers dropped for what they sent.");
    }

    public void Judged(string verdict, string source) =>
        _verdicts.Add(1, new KeyValuePair<string, object?>("verdict", verdict), new KeyValuePair<string, object?>("source", source));

    public void Fetched(int blocks) => _fetched.Add(blocks);

    public void Published() => _published.Add(1);

    public void Blamed() => _blamed.Add(1);
}
