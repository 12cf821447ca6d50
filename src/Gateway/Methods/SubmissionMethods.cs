using Kimura.Gateway.JsonRpc;
using Kimura.Gateway.OpenRpc;
using Kimura.Gateway.Submissions;

namespace Kimura.Gateway.Methods;

/// <summary>The rows that submit; the dispatcher runs them.</summary>
internal static class SubmissionMethods
{
    private static readonly int[] Errors =
    [
        RpcCodes.InvalidSignature, RpcCodes.WrongNonce, RpcCodes.Duplicate, RpcCodes.PoolFull, RpcCodes.Unavailable, RpcCodes.TooLarge,
    ];

    public static IEnumerable<RpcMethod> Create(GatewayOptions options) =>
    [
        new()
        {
            Name = "submit_message",
            Summary = "Submits a signed message; answered when it is on disk.",
            Params = SubmissionParams.All,
            Result = ("accepted", Schemas.Reference("Accepted")),
            Errors = Errors,
            Kind = CallKind.SubmitOne,
            Example = ($"{{{Examples.SubmissionMembers}}}", Examples.Accepted),
        },
        new()
        {
            Name = "submit_messages",
            Summary = "Submits signed messages, in order; answered when they are on disk. A malformed one spoils itself alone.",
            Params =
            [
                new(
                    "messages",
                    new ObjectsType(options.MaxMessagesPerCall, SubmissionParams.All),
                    "The messages, each as the params of submit_message."),
            ],
            Result = ("results", Schemas.ArrayOf("Submitted")),
            Errors = [RpcCodes.Unavailable],
            Kind = CallKind.SubmitMany,
            Example = ($"{{\"messages\":[{{{Examples.SubmissionMembers}}}]}}", $"[{Examples.Accepted}]"),
        },
    ];
}
