using System.Text.Json;
using Kimura.Gateway.OpenRpc;

namespace Kimura.Gateway.Methods;

/// <summary>Every method of the interface, once: dispatch, parameter checks and the OpenRPC document are made from these rows.</summary>
internal sealed class MethodTable
{
    private readonly RpcMethod[] _methods;
    private readonly Lazy<byte[]> _document;

    public MethodTable(NodeAccess node, GatewayOptions options)
    {
        Queries = new ChainQueries(node);
        _methods =
        [
            .. SubmissionMethods.Create(options),
            .. BlockMethods.Create(Queries),
            .. MessageMethods.Create(Queries),
            .. NodeMethods.CreateStatus(Queries),
            .. SubscriptionMethods.Create(),
            .. NodeMethods.CreateDiscover(() => _document!.Value),
        ];
        _document = new Lazy<byte[]>(() => OpenRpcDocument.Create(_methods));
    }

    /// <summary>The reads that the methods are made of.</summary>
    public ChainQueries Queries { get; }

    /// <summary>All rows, in the protocol's order.</summary>
    public IReadOnlyList<RpcMethod> Methods => _methods;

    /// <summary>The OpenRPC document, UTF-8.</summary>
    public ReadOnlyMemory<byte> Document => _document.Value;

    /// <summary>The row with this name, or null; names are case-sensitive.</summary>
    public RpcMethod? Find(JsonElement name)
    {
        foreach (var method in _methods)
        {
            if (name.ValueEquals(method.NameUtf8))
            {
                return method;
            }
        }

        return null;
    }
}
