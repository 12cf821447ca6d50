using System.Text.Json;

namespace Kimura.Gateway.JsonRpc;

/// <summary>A JSON-RPC error object: a code of <see cref="RpcCodes"/>, its text, and data where the protocol gives some.</summary>
internal sealed class RpcFailure
{
    public static readonly RpcFailure MethodNotFound = new(RpcCodes.MethodNotFound);
    public static readonly RpcFailure InternalError = new(RpcCodes.InternalError);
    public static readonly RpcFailure InvalidSignature = new(RpcCodes.InvalidSignature);
    public static readonly RpcFailure NotFound = new(RpcCodes.NotFound);
    public static readonly RpcFailure Unavailable = new(RpcCodes.Unavailable);
    public static readonly RpcFailure Damaged = new(
        RpcCodes.Unavailable, static writer => writer.WriteString("reason"u8, "what is stored of it is damaged, and no peer could give it now"u8));

    public static readonly RpcFailure StillPending = new(RpcCodes.NotFound, static writer => writer.WriteString("status"u8, "pending"u8));

    private readonly Action<Utf8JsonWriter>? _writeData;

    private RpcFailure(int code, Action<Utf8JsonWriter>? writeData = null)
    {
        Code = code;
        _writeData = writeData;
    }

    public int Code { get; }

    /// <summary>Bytes, messages, calls: what <see cref="RpcCodes.TooLarge"/> is measured in is clear from what was sent.</summary>
    public static RpcFailure TooLarge(long limit) => new(RpcCodes.TooLarge, writer => writer.WriteNumber("limit"u8, limit));

    public static RpcFailure ParseError(string reason) => new(RpcCodes.ParseError, writer => writer.WriteString("reason"u8, reason));

    public static RpcFailure InvalidRequest(string reason) =>
        new(RpcCodes.InvalidRequest, writer => writer.WriteString("reason"u8, reason));

    public static RpcFailure NoSuchPath(string reason) => new(RpcCodes.MethodNotFound, writer => writer.WriteString("reason"u8, reason));

    public static RpcFailure InvalidParam(string parameter, string reason) => new(RpcCodes.InvalidParams, writer =>
    {
        writer.WriteString("parameter"u8, parameter);
        writer.WriteString("reason"u8, reason);
    });

    public static RpcFailure WrongNonce(ulong expected) => new(RpcCodes.WrongNonce, writer => writer.WriteNumber("expected"u8, expected));

    public static RpcFailure Duplicate(ReadOnlyMemory<byte> id, bool sameContent) => new(RpcCodes.Duplicate, writer =>
    {
        writer.WriteHex("message_id"u8, id.Span);
        writer.WriteBoolean("same_content"u8, sameContent);
    });

    public static RpcFailure RateLimited(int retryAfterMilliseconds) => Retry(RpcCodes.RateLimited, retryAfterMilliseconds);

    /// <summary>Ends a subscription whose client does not keep up; it may subscribe again from there.</summary>
    public static RpcFailure TooSlow(ulong nextHeight) => new(RpcCodes.RateLimited, writer =>
    {
        writer.WriteString("reason"u8, "too slow");
        writer.WriteNumber("next_height"u8, nextHeight);
    });

    public static RpcFailure PoolFull(int retryAfterMilliseconds) => Retry(RpcCodes.PoolFull, retryAfterMilliseconds);

    /// <summary>Writes <c>{code, message, data?}</c>.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("code"u8, Code);
        writer.WriteString("message"u8, RpcCodes.MessageOf(Code));
        if (_writeData is not null)
        {
            writer.WriteStartObject("data"u8);
            _writeData(writer);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static RpcFailure Retry(int code, int milliseconds) =>
        new(code, writer => writer.WriteNumber("retry_after_ms"u8, milliseconds));
}
