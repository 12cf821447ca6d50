namespace Kimura.Gateway.OpenRpc;

/// <summary>
/// One true story for all examples: the message <c>hello</c> with nonce 0, signed with the private key 1, on a chain without an id.
/// </summary>
internal static class Examples
{
    public const string Sender = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    public const string MessageId = "0000000000000000000000000000000000000000000000000000000000000000";
    public const string MessageSignature =
        "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000";

    public const string GenesisHash = "0000000000000000000000000000000000000000000000000000000000000000";

    public const string SenderParams = $"{{\"public_key\":\"{Sender}\"}}";
    public const string IdParams = $"{{\"message_id\":\"{MessageId}\"}}";
    public const string SubmissionMembers = $"\"content\":\"hello\",\"signature\":\"{MessageSignature}\",\"public_key\":\"{Sender}\",\"nonce\":0";
    public const string Accepted = $"{{\"message_id\":\"{MessageId}\",\"status\":\"pending\"}}";
    public const string Genesis = "{}";
    public const string Message = "{}";
    public const string Proof = "{}";
    public const string Status = "{}";
}
