namespace Kimura.Gateway.OpenRpc;

/// <summary>
/// One true story for all examples: the message <c>hello</c> with nonce 0, signed with the private key 1, on a chain without an id whose
/// leader has the private key 2.
/// </summary>
internal static class Examples
{
    private const string GenesisHash = "71f5d8763091cdca5493a700a0f8c97886a19301f8a24c1b382252535a4aa8a1";

    public const string SenderParams = $$"""{"public_key": "{{Sender}}"}""";

    public const string IdParams = $$"""{"message_id": "{{MessageId}}"}""";

    /// <summary>The members of a submission, without braces.</summary>
    public const string SubmissionMembers = $$"""
        "content": "hello", "signature": "{{MessageSignature}}", "public_key": "{{Sender}}", "nonce": 0
        """;

    public const string Accepted = $$"""{"message_id": "{{MessageId}}", "status": "pending"}""";

    public const string Genesis = $$"""
        {
          "hash": "{{GenesisHash}}",
          "header": {
            "height": 0,
            "timestamp": 0,
            "prev_hash": "{{Zeros}}",
            "message_root": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
            "producer_pubkey": "{{Zeros}}00",
            "producer_sig": "{{Zeros}}{{Zeros}}"
          },
          "message_ids": [],
          "message_hashes": []
        }
        """;

    public const string Message = $$"""
        {
          "message_id": "{{MessageId}}",
          "public_key": "{{Sender}}",
          "nonce": 0,
          "content": "hello",
          "content_hex": "68656c6c6f",
          "signature": "{{MessageSignature}}",
          "timestamp": 1795222702510,
          "status": "confirmed",
          "height": 2,
          "index": 0
        }
        """;

    public const string Proof = $$"""
        {
          "message_id": "{{MessageId}}",
          "message_hash": "344365ad0d618b4439b8ca767e26ce92f772e26cc5d1f9e6457dd67c357e7c8a",
          "height": 2,
          "index": 0,
          "count": 1,
          "leaf": "{{Leaf}}",
          "path": [],
          "header": {
            "height": 2,
            "timestamp": 1795222702510,
            "prev_hash": "89cc7557534342268bcd14d3e39b3ba6544bd3eba4b62ef0961604fbd70f6852",
            "message_root": "{{Leaf}}",
            "producer_pubkey": "{{Leader}}",
            "producer_sig": "{{LeaderSignature}}"
          },
          "hash": "41d09acff8edbed7740652699d6f507966f98dfad32907ec83e0fee2fbe3cfa7"
        }
        """;

    public const string Tip = $$"""{"height": 3, "hash": "{{TipHash}}"}""";

    public const string Status = $$"""
        {
          "chain_id": null,
          "genesis_hash": "{{GenesisHash}}",
          "height": 3,
          "hash": "{{TipHash}}",
          "role": "leader",
          "leader_key": "{{Leader}}",
          "syncing": false,
          "target_height": 3,
          "peers": 0,
          "pending": 0,
          "equivocations": 0,
          "epoch": 1,
          "engine": "embedded",
          "version": "0.1.0",
          "block_interval_ms": 100
        }
        """;

    private const string Sender = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    private const string MessageId = "39a5c56a40ca3be50be20cbc13c0f00006fd898dca0eb64e84d96c5f6ff01f69";
    private const string Leaf = "6d87eff4ecd5614e3ca2e89037dc7690f6edd11bb8916521da965b79ecf7838f";
    private const string Leader = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";
    private const string TipHash = "2fe7d56f782955834c8853c6b421b24b336b3d569a9ce437751c75db9e61c17f";
    private const string Zeros = "0000000000000000000000000000000000000000000000000000000000000000";

    private const string MessageSignature =
        "e998d73de64a62fc30d2ec50b942b4eed97f16ec60579b1ef639c39598b139734ca09d77ea2b81c46f7b2b95f0b7d3f487afb8ace287a2d8c986ca49402bcc57";

    private const string LeaderSignature =
        "93754644b6bdde402b8bca296fcb2f24ac9f7618c5659be04b2a581d274f23ee245b085aacec2a2a2a9a07ae1857e8eb51eab41ab12671836d848726f8e9c70b";
}
