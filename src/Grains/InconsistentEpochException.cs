using Orleans.Runtime;

namespace Kimura.Grains;

/// <summary>An activation took an epoch that is over already: it must not go on.</summary>
public sealed class InconsistentEpochException(ulong taken, ulong newest)
    : OrleansException($"epoch {taken} was taken, but {newest} is in force");
