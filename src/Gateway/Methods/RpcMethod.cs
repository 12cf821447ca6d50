using System.Text;
using System.Text.Json;
using Kimura.Gateway.JsonRpc;
using Kimura.Gateway.Subscriptions;

namespace Kimura.Gateway.Methods;

/// <summary>Answers a call: one argument a parameter, in the table's order, undefined where left out, otherwise taken by its type.</summary>
internal delegate ValueTask<RpcAnswer> RpcHandler(JsonElement[] arguments);

/// <summary>The same for a call that changes the subscriptions of its WebSocket.</summary>
internal delegate ValueTask<RpcAnswer> SocketHandler(SubscriptionSet subscriptions, JsonElement[] arguments);

/// <summary>How the dispatcher runs a method.</summary>
internal enum CallKind
{
    /// <summary>By its handler.</summary>
    Handler = 0,

    /// <summary>As one submission: those that follow each other in a batch go to the node together.</summary>
    SubmitOne,

    /// <summary>As many submissions.</summary>
    SubmitMany,

    /// <summary>By its socket handler, and on a WebSocket alone.</summary>
    Socket,
}

/// <summary>One parameter of a method, in the order of positions.</summary>
internal sealed class RpcParam(string name, ParamType type, string description, bool isRequired = true)
{
    public string Name { get; } = name;

    public byte[] NameUtf8 { get; } = Encoding.UTF8.GetBytes(name);

    public ParamType Type { get; } = type;

    public string Description { get; } = description;

    public bool IsRequired { get; } = isRequired;
}

/// <summary>A row of the method table: dispatch, the checks of parameters and OpenRPC all come from it.</summary>
internal sealed class RpcMethod
{
    private byte[]? _nameUtf8;

    public required string Name { get; init; }

    public required string Summary { get; init; }

    public RpcParam[] Params { get; init; } = [];

    /// <summary>The result's name and its JSON schema.</summary>
    public required (string Name, string Schema) Result { get; init; }

    /// <summary>The codes of its own, beside those that every method has.</summary>
    public int[] Errors { get; init; } = [];

    public CallKind Kind { get; init; }

    public RpcHandler Handler { get; init; } = static _ => throw new InvalidOperationException("submissions have no handler");

    /// <summary>Answers a call on a WebSocket, for <see cref="CallKind.Socket"/>.</summary>
    public SocketHandler? SocketHandler { get; init; }

    /// <summary>A call and its answer: the params by name and the result, both as JSON.</summary>
    public required (string Params, string Result) Example { get; init; }

    public ReadOnlySpan<byte> NameUtf8 => _nameUtf8 ??= Encoding.UTF8.GetBytes(Name);
}
