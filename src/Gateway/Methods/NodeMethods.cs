using Kimura.Gateway.JsonRpc;
using Kimura.Gateway.OpenRpc;

namespace Kimura.Gateway.Methods;

/// <summary>The rows about the node and the interface itself.</summary>
internal static class NodeMethods
{
    public static IEnumerable<RpcMethod> CreateStatus(ChainQueries queries) =>
    [
        new()
        {
            Name = "get_status",
            Summary = "How the node is.",
            Result = ("status", Schemas.Reference("Status")),
            Handler = _ => queries.GetStatusAsync(),
            Example = ("{}", Examples.Status),
        },
    ];

    public static IEnumerable<RpcMethod> CreateDiscover(Func<byte[]> document) =>
    [
        new()
        {
            Name = "rpc.discover",
            Summary = "This document.",
            Result = ("document", "{\"type\":\"object\",\"required\":[\"openrpc\",\"info\",\"methods\"]}"),
            Handler = _ => ValueTask.FromResult(RpcAnswer.Of(writer => writer.WriteRawValue(document(), skipInputValidation: true))),
            Example = ("{}", "{\"openrpc\":\"1.3.2\",\"info\":{\"title\":\"Kimura\",\"version\":\"0.1.0\"},\"methods\":[]}"),
        },
    ];
}
