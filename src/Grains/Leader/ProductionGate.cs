namespace Kimura.Grains.Leader;

/// <summary>
/// Holds a leader back while blocks of its own may be elsewhere: nothing is produced, and nothing taken into the pool. Registered by the
/// host of a leader that is connected to others. Any thread may call.
/// </summary>
public sealed class ProductionGate
{
    private readonly Lock _gate = new();
    private ulong _untilHeight;
    private Task _asking = Task.CompletedTask;

    /// <summary>Holds until the chain has reached a height: that of a tip that is validly signed by the leader's own key.</summary>
    public void Hold(ulong untilHeight)
    {
        lock (_gate)
        {
            _untilHeight = Math.Max(_untilHeight, untilHeight);
        }
    }

    /// <summary>Holds until a task has ended, in whatever way: while peers are first asked.</summary>
    public void HoldUntil(Task asked)
    {
        lock (_gate)
        {
            _asking = _asking.IsCompleted ? asked : Task.WhenAll(_asking, asked);
        }
    }

    /// <summary>True while a chain that ends at this height must not go on by itself.</summary>
    public bool IsHeld(ulong tipHeight)
    {
        lock (_gate)
        {
            return tipHeight < _untilHeight || !_asking.IsCompleted;
        }
    }
}
