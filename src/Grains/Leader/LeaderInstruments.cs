using System.Diagnostics.Metrics;

namespace Kimura.Grains.Leader;

/// <summary>What the leader measures.</summary>
public sealed class LeaderInstruments
{
    private readonly Counter<long> _blocks;
    private readonly Counter<long> _messages;
    private readonly Histogram<double> _duration;

    /// <summary>Registers the instruments of the meter <c>Kimura.Leader</c>.</summary>
    public LeaderInstruments(IMeterFactory meters)
    {
        var meter = meters.Create("Kimura.Leader");
        _blocks = meter.CreateCounter<long>("kimura.leader.blocks", "{block}", "Blocks made.");
        _messages = meter.CreateCounter<long>("kimura.leader.messages", "{message}", "Messages put into blocks.");
        _duration = meter.CreateHistogram<double>("kimura.leader.block.duration", "s", "Time from taking a block's messages to its commit.");
    }

    internal void Produced(int messages, TimeSpan duration)
    {
        _blocks.Add(1);
        _messages.Add(messages);
        _duration.Record(duration.TotalSeconds);
    }
}
