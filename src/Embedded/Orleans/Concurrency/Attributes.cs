namespace Orleans.Concurrency;

/// <summary>Calls of this grain class interleave: another call may start while one awaits. Still one turn at a time.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ReentrantAttribute : Attribute
{
}

/// <summary>Calls of this method start whatever else is in progress. Still one turn at a time.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AlwaysInterleaveAttribute : Attribute
{
}

/// <summary>Calls of this method interleave with each other (not with calls of other methods).</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ReadOnlyAttribute : Attribute
{
}

/// <summary>The grain has no state of its own: each silo runs several activations of it, on the caller's silo.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class StatelessWorkerAttribute : Attribute
{
    /// <summary>As many activations a silo as the silo's default says (its processors).</summary>
    public StatelessWorkerAttribute()
        : this(-1)
    {
    }

    /// <summary>At most so many activations a silo.</summary>
    public StatelessWorkerAttribute(int maxLocalWorkers)
    {
        MaxLocalWorkers = maxLocalWorkers;
    }

    internal int MaxLocalWorkers { get; }
}
