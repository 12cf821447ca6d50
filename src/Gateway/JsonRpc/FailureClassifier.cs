using Kimura.Interfaces;
using Orleans.Runtime;

namespace Kimura.Gateway.JsonRpc;

/// <summary>What a client is told of an exception from the node: never the exception itself.</summary>
internal static class FailureClassifier
{
    /// <summary>
    /// -32007 where trying again can help: the leader is not placed, the silo stops, nobody answered in time, a message cannot be fetched, or
    /// what is stored is damaged and not mended yet. Otherwise -32603.
    /// </summary>
    public static RpcFailure Classify(Exception fault) => fault is DamagedDataException ? RpcFailure.Damaged
        : IsPassing(fault) ? RpcFailure.Unavailable
        : RpcFailure.InternalError;

    private static bool IsPassing(Exception fault) => fault switch
    {
        TimeoutException or OrleansMessageRejectionException or LimitExceededException or MessageUnreachableException => true,
        // A client's connections; types that the embedded engine, which has none, does not repeat.
        OrleansException when fault.GetType().Name is "ConnectionFailedException" or "GatewayTooBusyException" => true,
        // Orleans has no type of its own for this one (placement found no silo).
        OrleansException => fault.Message.StartsWith("No active nodes are compatible", StringComparison.Ordinal),
        _ => false,
    };
}
