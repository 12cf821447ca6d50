using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;

namespace Kimura.Client;

/// <summary>
/// A node's JSON-RPC interface (protocol section 7), typed. Nothing it returns is verified but for its shape: <see cref="TrustAnchor"/> does that.
/// Safe for use by several threads.
/// </summary>
public sealed class KimuraClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private readonly Uri _node;
    private long _lastId;

    /// <summary>A client of the node at an http or https address.</summary>
    /// <param name="node">For example <c>http://127.0.0.1:8545/</c>.</param>
    /// <param name="handler">How HTTP is done; default the framework's own way. Disposed with the client.</param>
    /// <param name="time">The clock of pauses between connections; default the system's.</param>
    public KimuraClient(Uri node, HttpMessageHandler? handler = null, TimeProvider? time = null)
    {
        _node = node;
        _time = time ?? TimeProvider.System;
        _http = new HttpClient(handler ?? new SocketsHttpHandler()) { BaseAddress = node };
    }

    /// <summary>How the node is.</summary>
    /// <exception cref="KimuraRpcException">The node refused.</exception>
    /// <exception cref="HttpRequestException">The node did not answer.</exception>
    /// <exception cref="InvalidDataException">It answered what it must not.</exception>
    public async Task<NodeSummary> GetStatusAsync(CancellationToken cancellation = default) =>
        Answers.ReadStatus(await CallAsync("get_status", new { }, cancellation));

    /// <summary>The height of the newest block.</summary>
    public async Task<ulong> GetHeightAsync(CancellationToken cancellation = default)
    {
        var tip = await CallAsync("get_height", new { }, cancellation);
        return Answers.Reading(() => tip.GetProperty("height").GetUInt64());
    }

    /// <summary>The block at a height; null if there is none.</summary>
    public async Task<Block?> GetBlockAsync(ulong height, CancellationToken cancellation = default) =>
        await FindAsync("get_block", new { height }, cancellation) is { } block ? Answers.ReadBlock(block) : null;

    /// <summary>A message, pending or confirmed; null if the node does not know it.</summary>
    public async Task<KnownMessage?> GetMessageAsync(MessageId id, CancellationToken cancellation = default) =>
        await FindAsync("get_message", new { message_id = id.ToString() }, cancellation) is { } message ? Answers.ReadMessage(message) : null;

    /// <summary>A message's inclusion proof; null if the message is unknown or still pending.</summary>
    public async Task<InclusionProof?> GetProofAsync(MessageId id, CancellationToken cancellation = default) =>
        await FindAsync("get_proof", new { message_id = id.ToString() }, cancellation) is { } proof ? Answers.ReadProof(proof) : null;

    /// <summary>The next nonce for a sender to use.</summary>
    public async Task<ulong> GetNonceAsync(PublicKey sender, CancellationToken cancellation = default)
    {
        var answer = await CallAsync("get_nonce", new { public_key = sender.ToString() }, cancellation);
        return Answers.Reading(() => answer.GetProperty("nonce").GetUInt64());
    }

    /// <summary>Submits a signed message whose content is UTF-8 text; completes when it is on the leader's disk.</summary>
    public async Task SubmitAsync(Message message, CancellationToken cancellation = default)
    {
        var parameters = new
        {
            content = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(message.Content),
            signature = Convert.ToHexStringLower(message.Signature),
            public_key = message.Sender.ToString(),
            nonce = message.Nonce,
        };
        await CallAsync("submit_message", parameters, cancellation);
    }

    /// <summary>Every block from a height on, in order and once each, through lost connections, until it is cancelled.</summary>
    public async IAsyncEnumerable<Block> FollowBlocksAsync(ulong from, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var next = from;
        await foreach (var told in new Follower(_node, _time).FollowAsync(() => new { topic = "blocks", from_height = next }, cancellation))
        {
            var block = Answers.ReadBlock(told);
            if (block.Height != next)
            {
                throw new InvalidDataException($"the node sent block {block.Height} where block {next} comes next");
            }

            next++;
            yield return block;
        }
    }

    /// <summary>Every confirmed message from a block on, of one sender or of all, in order and once each, through lost connections.</summary>
    public async IAsyncEnumerable<KnownMessage> FollowMessagesAsync(
        ulong from, PublicKey? sender = null, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        // A connection may be lost in the middle of a block: what was seen of it comes again, and is left out.
        var (height, index) = (from, -1);
        await foreach (var told in new Follower(_node, _time).FollowAsync(
            () => new { topic = "messages", public_key = sender?.ToString(), from_height = height }, cancellation))
        {
            var message = Answers.ReadMessage(told);
            var place = message.Place ?? throw new InvalidDataException("the node told of a message that is in no block");
            if (place.Height > height || (place.Height == height && place.Index > index))
            {
                (height, index) = (place.Height, place.Index);
                yield return message;
            }
        }
    }

    /// <inheritdoc />
    public void Dispose() => _http.Dispose();

    private async Task<JsonElement?> FindAsync(string method, object parameters, CancellationToken cancellation)
    {
        try
        {
            return await CallAsync(method, parameters, cancellation);
        }
        catch (KimuraRpcException refused) when (refused.Code == KimuraRpcException.NotFound)
        {
            return null;
        }
    }

    private async Task<JsonElement> CallAsync(string method, object parameters, CancellationToken cancellation)
    {
        var request = new { jsonrpc = "2.0", id = Interlocked.Increment(ref _lastId), method, @params = parameters };
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(request));
        content.Headers.ContentType = new("application/json");
        using var response = await _http.PostAsync((Uri?)null, content, cancellation);
        var body = await response.Content.ReadAsByteArrayAsync(cancellation);
        try
        {
            using var answer = JsonDocument.Parse(body);
            return RpcAnswers.ResultOf(answer.RootElement);
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"{_node} does not speak JSON-RPC (HTTP status {(int)response.StatusCode})", fault);
        }
    }
}
