using System.Buffers;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Kimura.Client;

/// <summary>What one subscription tells, over as many connections as it takes.</summary>
internal sealed class Follower(Uri node, TimeProvider time)
{
    private const int LongestMessage = 512 << 20;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>Results as they come; each new connection subscribes with what is asked for by then.</summary>
    public async IAsyncEnumerable<JsonElement> FollowAsync(Func<object> parameters, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var pause = FirstPause;
        while (true)
        {
            using var socket = new ClientWebSocket();
            var isSubscribed = false;
            while (true)
            {
                JsonElement? told;
                try
                {
                    if (!isSubscribed)
                    {
                        await SubscribeAsync(socket, parameters(), cancellation);
                        isSubscribed = true;
                    }

                    told = await NextAsync(socket, cancellation);
                }
                catch (Exception fault) when (fault is WebSocketException or IOException)
                {
                    break;
                }

                if (told is null)
                {
                    break; // The node ended the subscription, and where to go on is known here.
                }

                pause = FirstPause;
                yield return told.Value;
            }

            await Task.Delay(pause, time, cancellation);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private async Task SubscribeAsync(ClientWebSocket socket, object parameters, CancellationToken cancellation)
    {
        var address = new UriBuilder(new Uri(node, "ws")) { Scheme = node.Scheme == Uri.UriSchemeHttps ? "wss" : "ws" };
        await socket.ConnectAsync(address.Uri, cancellation);
        var request = JsonSerializer.SerializeToUtf8Bytes(new { jsonrpc = "2.0", id = 1, method = "subscribe", @params = parameters });
        await socket.SendAsync(request, WebSocketMessageType.Text, endOfMessage: true, cancellation);
        RpcAnswers.ResultOf(await ReceiveAsync(socket, cancellation));
    }

    private static async Task<JsonElement?> NextAsync(ClientWebSocket socket, CancellationToken cancellation)
    {
        var message = await ReceiveAsync(socket, cancellation);
        var told = Answers.Reading(() => message.GetProperty("params"));
        return told.TryGetProperty("result", out var result) ? result : null;
    }

    private static async Task<JsonElement> ReceiveAsync(ClientWebSocket socket, CancellationToken cancellation)
    {
        var bytes = new ArrayBufferWriter<byte>();
        while (bytes.WrittenCount < LongestMessage)
        {
            var read = await socket.ReceiveAsync(bytes.GetMemory(16 << 10), cancellation);
            bytes.Advance(read.Count);
            if (read.MessageType == WebSocketMessageType.Close)
            {
                throw new WebSocketException($"the node closed the connection: {socket.CloseStatusDescription}");
            }

            if (read.EndOfMessage)
            {
                return Answers.Reading(() => JsonSerializer.Deserialize<JsonElement>(bytes.WrittenSpan));
            }
        }

        throw new InvalidDataException($"a message of more than {LongestMessage} bytes");
    }
}
