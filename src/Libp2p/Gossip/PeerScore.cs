namespace Kimura.Libp2p.Gossip;

/// <summary>One peer's counters and what they come to (gossipsub-v1.1, the score function). Not thread-safe.</summary>
internal sealed class PeerScore(ScoreOptions options)
{
    private const double Nothing = 0.01;
    private readonly Dictionary<string, TopicCounters> _topics = new(StringComparer.Ordinal);
    private double _conduct;

    public void Grafted(string topic, DateTimeOffset now) => Of(topic).MeshSince = now;

    public void Pruned(string topic, DateTimeOffset now)
    {
        TopicCounters counters = Of(topic);
        counters.Sticky += Square(Deficit(counters, now));
        counters.MeshSince = null;
        counters.MeshDeliveries = 0;
    }

    public void DeliveredFirst(string topic)
    {
        TopicCounters counters = Of(topic);
        counters.First = Math.Min(counters.First + 1, options.FirstDeliveryCap);
        Delivered(topic);
    }

    public void Delivered(string topic)
    {
        TopicCounters counters = Of(topic);
        counters.MeshDeliveries += counters.MeshSince is null ? 0 : 1;
    }

    public void Invalid(string topic) => Of(topic).Invalid++;

    public void Misbehaved(double by = 1) => _conduct += by;

    public void Decay()
    {
        foreach (TopicCounters counters in _topics.Values)
        {
            counters.First = Less(counters.First, options.Decay);
            counters.Invalid = Less(counters.Invalid, options.Decay);
            counters.MeshDeliveries = Less(counters.MeshDeliveries, options.Decay);
            counters.Sticky = Less(counters.Sticky, options.Decay);
        }

        _conduct = Less(_conduct, options.ConductDecay);
    }

    /// <summary>The score, with the application's part and that of the peers at the same address.</summary>
    public double Value(DateTimeOffset now, double application, int peersAtAddress)
    {
        double topics = 0;
        foreach (TopicCounters counters in _topics.Values)
        {
            double time = counters.MeshSince is { } since ? Math.Min((now - since).TotalSeconds, options.TimeInMeshCap) : 0;
            topics += (options.TimeInMeshWeight * time)
                + (options.FirstDeliveryWeight * counters.First)
                + (options.DeliveryDeficitWeight * (Square(Deficit(counters, now)) + counters.Sticky))
                + (options.InvalidWeight * Square(counters.Invalid));
        }

        return Math.Min(topics, options.TopicCap)
            + application
            + (options.AddressWeight * Square(Math.Max(0, peersAtAddress - options.AddressThreshold)))
            + (options.ConductWeight * Square(_conduct));
    }

    private static double Square(double value) => value * value;

    private static double Less(double value, double decay) => value * decay < Nothing ? 0 : value * decay;

    private double Deficit(TopicCounters counters, DateTimeOffset now) =>
        counters.MeshSince is { } since && now - since > options.DeliveryActivation
            ? Math.Max(0, options.DeliveryThreshold - counters.MeshDeliveries)
            : 0;

    private TopicCounters Of(string topic)
    {
        if (!_topics.TryGetValue(topic, out TopicCounters? counters))
        {
            _topics[topic] = counters = new TopicCounters();
        }

        return counters;
    }

    private sealed class TopicCounters
    {
        public DateTimeOffset? MeshSince { get; set; }

        public double First { get; set; }

        public double MeshDeliveries { get; set; }

        public double Sticky { get; set; }

        public double Invalid { get; set; }
    }
}
