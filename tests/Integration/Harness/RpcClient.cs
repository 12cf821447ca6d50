using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Kimura.Tests.Integration.Harness;

/// <summary>JSON-RPC by hand: what is tested is not used to test.</summary>
internal sealed class RpcClient : IDisposable
{
    private readonly HttpClient _http;
    private int _lastId;

    public RpcClient(Uri address)
    {
        Address = address;
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address, Timeout = Limits.Call };
    }

    public Uri Address { get; }

    /// <summary>The result; a refusal is an exception.</summary>
    public async Task<JsonElement> CallAsync(string method, object? parameters = null)
    {
        var reply = await SendAsync(method, parameters);
        return reply.Error is null ? reply.Result!.Value : throw new RpcRefusedException(method, reply.Error);
    }

    /// <summary>The answer, whatever it is.</summary>
    public async Task<RpcReply> SendAsync(string method, object? parameters = null)
    {
        var id = Interlocked.Increment(ref _lastId);
        var request = JsonSerializer.SerializeToUtf8Bytes(new { jsonrpc = "2.0", id, method, @params = parameters ?? Array.Empty<int>() });
        var (status, text) = await PostAsync(request);
        using var document = JsonDocument.Parse(text);
        var root = document.RootElement;
        return root.TryGetProperty("error", out var error)
            ? new RpcReply(status, null, RpcError.Read(error.Clone()))
            : new RpcReply(status, root.GetProperty("id").GetInt32() == id ? root.GetProperty("result").Clone() : null, null);
    }

    /// <summary>Any text as a request.</summary>
    public Task<(int Status, string Text)> PostAsync(string text) => PostAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Any bytes as a request.</summary>
    public async Task<(int Status, string Text)> PostAsync(byte[] body)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await _http.PostAsync((Uri?)null, content);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async Task<(int Status, string Text)> GetAsync(string path)
    {
        using var response = await _http.GetAsync(new Uri(path, UriKind.Relative));
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async Task<ulong> HeightAsync() => (await CallAsync("get_height")).GetProperty("height").GetUInt64();

    public async Task<ulong> NonceAsync(Sender sender) =>
        (await CallAsync("get_nonce", new { public_key = sender.PublicKey.ToString() })).GetProperty("nonce").GetUInt64();

    /// <summary>Waits for a block at a height.</summary>
    public Task HeightAsync(ulong least, TimeSpan? limit = null) =>
        Eventually.HoldsAsync(async () => await HeightAsync() >= least, $"block {least}", limit);

    /// <summary>Waits until a peer has heard from others and lacks nothing.</summary>
    public Task SyncedAsync() =>
        Eventually.HoldsAsync(async () => !(await CallAsync("get_status")).GetProperty("syncing").GetBoolean(), "a synced node");

    /// <summary>Waits until every accepted message is in a block.</summary>
    public Task NothingPendingAsync() =>
        Eventually.HoldsAsync(async () => (await CallAsync("get_status")).GetProperty("pending").GetInt32() == 0, "an empty pool");

    /// <summary>Submits messages in one call and expects each to be taken.</summary>
    public async Task SubmitAsync(IReadOnlyCollection<SignedMessage> messages)
    {
        var results = await CallAsync("submit_messages", new { messages = messages.Select(message => message.ToParameters()) });
        foreach (var (message, result) in messages.Zip(results.EnumerateArray(), (message, result) => (message, result)))
        {
            if (!result.TryGetProperty("message_id", out var id) || id.GetString() != message.Id.ToString())
            {
                throw new InvalidOperationException($"message {message.Nonce} was not taken: {result}");
            }
        }
    }

    /// <summary>Submits a message and expects it to be taken.</summary>
    public async Task SubmitAsync(SignedMessage message)
    {
        var result = await CallAsync("submit_message", message.ToParameters());
        if (result.GetProperty("message_id").GetString() != message.Id.ToString() || result.GetProperty("status").GetString() != "pending")
        {
            throw new InvalidOperationException($"message {message.Nonce} was not taken: {result}");
        }
    }

    public void Dispose() => _http.Dispose();
}
