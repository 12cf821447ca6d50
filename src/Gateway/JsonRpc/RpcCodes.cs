namespace Kimura.Gateway.JsonRpc;

/// <summary>The error codes of protocol section 7.</summary>
internal static class RpcCodes
{
    public const int ParseError = -32700;
    public const int InvalidRequest = -32600;
    public const int MethodNotFound = -32601;
    public const int InvalidParams = -32602;
    public const int InternalError = -32603;
    public const int InvalidSignature = -32001;
    public const int WrongNonce = -32002;
    public const int Duplicate = -32003;
    public const int NotFound = -32004;
    public const int RateLimited = -32005;
    public const int PoolFull = -32006;
    public const int Unavailable = -32007;
    public const int TooLarge = -32008;

    /// <summary>The one text of each code.</summary>
    public static string MessageOf(int code) => code switch
    {
        ParseError => "Parse error",
        InvalidRequest => "Invalid Request",
        MethodNotFound => "Method not found",
        InvalidParams => "Invalid params",
        InternalError => "Internal error",
        InvalidSignature => "Invalid signature",
        WrongNonce => "Wrong nonce",
        Duplicate => "Duplicate message",
        NotFound => "Not found",
        RateLimited => "Rate limit exceeded",
        PoolFull => "Pending pool full",
        Unavailable => "Leader unreachable or node not synced",
        TooLarge => "Too large",
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, "no such code"),
    };

    /// <summary>The code as a metric label.</summary>
    public static string LabelOf(int code) => code switch
    {
        0 => "ok",
        ParseError => "-32700",
        InvalidRequest => "-32600",
        MethodNotFound => "-32601",
        InvalidParams => "-32602",
        InternalError => "-32603",
        InvalidSignature => "-32001",
        WrongNonce => "-32002",
        Duplicate => "-32003",
        NotFound => "-32004",
        RateLimited => "-32005",
        PoolFull => "-32006",
        Unavailable => "-32007",
        TooLarge => "-32008",
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, "no such code"),
    };
}
