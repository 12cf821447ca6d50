namespace Kimura.Client;

/// <summary>The node refused a call: a code of protocol section 7.</summary>
public sealed class KimuraRpcException(int code, string message) : Exception($"{message} [{code}]")
{
    /// <summary>Unknown message, block or subscription; a proof of a message that is still pending.</summary>
    public const int NotFound = -32004;

    /// <summary>The nonce is above the expected one.</summary>
    public const int WrongNonce = -32002;

    /// <summary>A message of this sender with this nonce is known.</summary>
    public const int Duplicate = -32003;

    /// <summary>The code.</summary>
    public int Code { get; } = code;
}
