using Orleans.Runtime;

namespace Kimura.Storage.Log;

/// <summary>The shared log of the cluster cannot be reached now; it is tried again. Nothing was answered that it does not hold.</summary>
public sealed class LogUnavailableException(string reason, Exception inner)
    : OrleansException($"the cluster's database cannot be reached: {reason}", inner);
