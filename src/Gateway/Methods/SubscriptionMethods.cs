using System.Text.Json;
using Kimura.Chain;
using Kimura.Gateway.JsonRpc;
using Kimura.Gateway.Subscriptions;

namespace Kimura.Gateway.Methods;

/// <summary>The rows that only a WebSocket has.</summary>
internal static class SubscriptionMethods
{
    private const int LongestId = 64;

    public static IEnumerable<RpcMethod> Create() =>
    [
        new()
        {
            Name = "subscribe",
            Summary = "WebSocket only: to be told of blocks (as get_block without messages) or confirmed messages (as get_message), each once "
                + "and in order, by subscription notifications {subscription, result}. One that has to end says so: {subscription, error}.",
            Params =
            [
                new("topic", new WordType("blocks", "messages"), "What to be told of."),
                new("public_key", new HexType(PublicKey.Size), "For messages: of this sender alone.", isRequired: false),
                new(
                    "from_height",
                    new NumberType(0, ulong.MaxValue),
                    "Everything from this block on; default: what comes after the newest block.",
                    isRequired: false),
            ],
            Result = ("subscription", "{\"type\":\"string\"}"),
            Errors = [RpcCodes.MethodNotFound, RpcCodes.Unavailable, RpcCodes.TooLarge],
            Kind = CallKind.Socket,
            SocketHandler = SubscribeAsync,
            Example = ("{\"topic\":\"blocks\",\"from_height\":1}", "\"1\""),
        },
        new()
        {
            Name = "unsubscribe",
            Summary = "WebSocket only: ends a subscription; nothing of it comes after the answer.",
            Params = [new("id", new TextType(), "The subscription's id.")],
            Result = ("ended", "{\"const\":true}"),
            Errors = [RpcCodes.MethodNotFound, RpcCodes.NotFound],
            Kind = CallKind.Socket,
            SocketHandler = (subscriptions, arguments) => arguments[0].GetString() is { Length: <= LongestId } id
                ? subscriptions.RemoveAsync(id)
                : ValueTask.FromResult(RpcAnswer.Fail(RpcFailure.NotFound)),
            Example = ("{\"id\":\"1\"}", "true"),
        },
    ];

    private static ValueTask<RpcAnswer> SubscribeAsync(SubscriptionSet subscriptions, JsonElement[] arguments)
    {
        var isForMessages = arguments[0].ValueEquals("messages"u8);
        PublicKey? sender = null;
        if (arguments[1].ValueKind != JsonValueKind.Undefined)
        {
            if (!isForMessages)
            {
                return ValueTask.FromResult(RpcAnswer.Fail(RpcFailure.InvalidParam("public_key", "only for messages")));
            }

            sender = new PublicKey(HexType.Read(arguments[1], PublicKey.Size));
        }

        var startsAtTip = arguments[2].ValueKind == JsonValueKind.Undefined;
        var from = startsAtTip ? 0 : arguments[2].GetUInt64();
        return subscriptions.AddAsync(new SubscriptionRequest(isForMessages, sender, from, startsAtTip));
    }
}
