using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Kimura.Libp2p.Addressing;
using Kimura.Silo.Configuration;
using Kimura.Silo.Hosting;
using Kimura.Tests.Unit.Storage;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>A real node on a free loopback port, with a client. No answer may be a 500.</summary>
internal sealed class RpcNode : IAsyncDisposable
{
    private readonly TempFolder _folder;
    private readonly ErrorLog _errors;

    private RpcNode(TempFolder folder, KimuraNode node, ErrorLog errors)
    {
        _folder = folder;
        _errors = errors;
        Node = node;
        Http = new HttpClient { BaseAddress = node.RpcAddress, Timeout = TimeSpan.FromSeconds(30) };
    }

    public KimuraNode Node { get; }

    public HttpClient Http { get; }

    public static async Task<RpcNode> StartAsync(
        Func<NodeConfiguration, NodeConfiguration>? change = null, TimeProvider? time = null)
    {
        var folder = new TempFolder();
        var errors = new ErrorLog();
        try
        {
            var configuration = new NodeConfiguration
            {
                DbPath = folder["data"],
                RpcPort = 0,
                Listen = Multiaddress.Tcp(IPAddress.Loopback, 0),
                Silo = new SiloLinks { Port = 0, GatewayPort = 0 },
                BlockInterval = TimeSpan.FromMilliseconds(50),
                RateLimit = 0,
            };
            configuration = change?.Invoke(configuration) ?? configuration;
            var node = await KimuraNode.StartAsync(configuration, time ?? TimeProvider.System, logging => logging.AddProvider(errors));
            return new RpcNode(folder, node, errors);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    public Task<Reply> PostAsync(string body) => PostAsync(Encoding.UTF8.GetBytes(body));

    public Task<Reply> PostAsync(byte[] body)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return SendAsync(new HttpRequestMessage(HttpMethod.Post, "/") { Content = content });
    }

    public Task<Reply> GetAsync(string path) => SendAsync(new HttpRequestMessage(HttpMethod.Get, path));

    public async Task<Reply> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            using var response = await Http.SendAsync(request);
            var reply = await Reply.ReadAsync(response);
            Assert.NotEqual(HttpStatusCode.InternalServerError, reply.Status);
            return reply;
        }
    }

    /// <summary>Calls a method that must succeed.</summary>
    public async Task<JsonElement> ResultAsync(string method, string parameters = "{}")
    {
        var reply = await CallAsync(method, parameters);
        return reply.Json.TryGetProperty("result", out var result)
            ? result
            : throw new InvalidOperationException($"{method} {parameters} gave {reply.Text}");
    }

    public Task<Reply> CallAsync(string method, string parameters = "{}") =>
        PostAsync($$"""{"jsonrpc":"2.0","id":1,"method":"{{method}}","params":{{parameters}}}""");

    /// <summary>Waits until the message is in a block.</summary>
    public async Task<JsonElement> ConfirmedAsync(string id)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(30))
        {
            var message = await ResultAsync("get_message", $$"""{"message_id":"{{id}}"}""");
            if (message.GetProperty("status").GetString() == "confirmed")
            {
                return message;
            }

            await Task.Yield();
        }

        throw new TimeoutException($"message {id} is in no block; the node says {await ResultAsync("get_status")}");
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Node.DisposeAsync();
        _folder.Dispose();
        Assert.Empty(_errors.Lines);
    }
}

/// <summary>What came back.</summary>
internal sealed record Reply(HttpStatusCode Status, string Text, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders)
{
    private JsonElement? _json;

    public JsonElement Json => _json ??= JsonSerializer.Deserialize<JsonElement>(Text);

    /// <summary>The error's code; 0 for a result.</summary>
    public int Code => CodeOf(Json);

    /// <summary>The error's data.</summary>
    public JsonElement Data => Json.GetProperty("error").GetProperty("data");

    public static int CodeOf(JsonElement answer) =>
        answer.TryGetProperty("error", out var error) ? error.GetProperty("code").GetInt32() : 0;

    public static async Task<Reply> ReadAsync(HttpResponseMessage response) =>
        new(response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers, response.Content.Headers);
}

/// <summary>One node for all tests that leave it as they found it.</summary>
public sealed class SharedNode : IAsyncLifetime
{
    internal RpcNode Node { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Node = await RpcNode.StartAsync();

    public ValueTask DisposeAsync() => Node.DisposeAsync();
}

[CollectionDefinition(Name)]
public sealed class GatewayCollection : ICollectionFixture<SharedNode>
{
    public const string Name = "gateway";
}
