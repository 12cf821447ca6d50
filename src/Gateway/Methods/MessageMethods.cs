using System.Text.Json;
using Kimura.Chain;
using Kimura.Gateway.JsonRpc;
using Kimura.Gateway.OpenRpc;

namespace Kimura.Gateway.Methods;

/// <summary>The rows that read messages, nonces and proofs.</summary>
internal static class MessageMethods
{
    public static IEnumerable<RpcMethod> Create(ChainQueries queries) =>
    [
        new()
        {
            Name = "get_message",
            Summary = "A message, pending or confirmed.",
            Params = [MessageId()],
            Result = ("message", Schemas.Reference("Message")),
            Errors = [RpcCodes.NotFound, RpcCodes.Unavailable],
            Handler = arguments => queries.GetMessageAsync(HexType.Read(arguments[0], Hash32.Size)),
            Example = (Examples.IdParams, Examples.Message),
        },
        new()
        {
            Name = "get_messages",
            Summary = "A sender's messages by nonce, pending or confirmed.",
            Params =
            [
                Sender(),
                new("from_nonce", new NumberType(0, ulong.MaxValue), "The first nonce; default 0.", isRequired: false),
                new(
                    "count",
                    new NumberType(1, ChainQueries.MaxMessages),
                    $"The most messages; default {ChainQueries.MaxMessages}.",
                    isRequired: false),
            ],
            Result = ("messages", Schemas.ArrayOf("Message")),
            Errors = [RpcCodes.Unavailable],
            Handler = arguments => queries.GetMessagesAsync(
                HexType.Read(arguments[0], PublicKey.Size),
                arguments[1].ValueKind == JsonValueKind.Undefined ? 0 : arguments[1].GetUInt64(),
                arguments[2].ValueKind == JsonValueKind.Undefined ? ChainQueries.MaxMessages : arguments[2].GetInt32()),
            Example = (Examples.SenderParams, $"[{Examples.Message}]"),
        },
        new()
        {
            Name = "get_nonce",
            Summary = "The next nonce for a sender to use, pending messages counted in.",
            Params = [Sender()],
            Result = ("nonce", Schemas.Reference("Nonce")),
            Errors = [RpcCodes.Unavailable],
            Handler = arguments => queries.GetNonceAsync(HexType.Read(arguments[0], PublicKey.Size)),
            Example = (Examples.SenderParams, "{\"nonce\":1}"),
        },
        new()
        {
            Name = "get_proof",
            Summary = "The inclusion proof of a confirmed message (RFC 6962 with BLAKE3); pending: -32004 with {status: \"pending\"}.",
            Params = [MessageId()],
            Result = ("proof", Schemas.Reference("Proof")),
            Errors = [RpcCodes.NotFound, RpcCodes.Unavailable],
            Handler = arguments => queries.GetProofAsync(HexType.Read(arguments[0], Hash32.Size)),
            Example = (Examples.IdParams, Examples.Proof),
        },
    ];

    private static RpcParam MessageId() => new("message_id", new HexType(Hash32.Size), "blake3(public_key ++ nonce).");

    private static RpcParam Sender() => new("public_key", new HexType(PublicKey.Size), "The sender's compressed secp256k1 key.");
}
