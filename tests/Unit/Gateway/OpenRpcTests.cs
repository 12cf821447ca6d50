using System.Text.Json;
using Xunit;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>The document that the node gives of its interface, held against what the node does.</summary>
[Collection(GatewayCollection.Name)]
public sealed class OpenRpcTests(SharedNode shared)
{
    // Protocol section 7, in its order.
    private static readonly string[] Methods =
    [
        "submit_message", "submit_messages", "get_block", "get_blocks", "get_height", "get_message", "get_messages", "get_nonce",
        "get_proof",
        "get_status", "subscribe", "unsubscribe", "rpc.discover",
    ];

    [Fact]
    public async Task The_document_is_the_same_by_path_and_by_method_and_has_every_method()
    {
        var node = shared.Node;
        var reply = await node.GetAsync("/openrpc.json");
        Assert.Equal("application/json", reply.ContentHeaders.ContentType!.ToString());
        var document = reply.Json;
        Assert.True(JsonElement.DeepEquals(document, await node.ResultAsync("rpc.discover")));
        Assert.Equal("1.3.2", document.GetProperty("openrpc").GetString());
        Assert.Equal("Kimura", document.GetProperty("info").GetProperty("title").GetString());
        var methods = document.GetProperty("methods").EnumerateArray().ToArray();
        Assert.Equal(Methods, methods.Select(method => method.GetProperty("name").GetString()));
        foreach (var method in methods)
        {
            Assert.NotEmpty(method.GetProperty("summary").GetString()!);
            var parameters = method.GetProperty("params").EnumerateArray().ToArray();
            Assert.All(parameters, parameter => Assert.NotEmpty(parameter.GetProperty("description").GetString()!));
            var required = parameters.Select(parameter => parameter.GetProperty("required").GetBoolean()).ToArray();
            Assert.True(method.GetProperty("name").GetString() == "submit_message" || required.SequenceEqual(required.OrderDescending()));
            var codes = method.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("code").GetInt32()).ToArray();
            Assert.Equal(codes.Distinct(), codes);
        }
    }

    [Fact]
    public async Task Every_example_fits_its_schemas_and_the_node_gives_results_that_fit_them()
    {
        await using var node = await RpcNode.StartAsync();
        await using var socket = await SocketClient.ConnectAsync(node.Node.RpcAddress);
        var document = (await node.GetAsync("/openrpc.json")).Json;
        foreach (var method in document.GetProperty("methods").EnumerateArray())
        {
            var name = method.GetProperty("name").GetString()!;
            var example = Assert.Single(method.GetProperty("examples").EnumerateArray().ToArray());
            CheckParams(document, method, example);
            var schema = method.GetProperty("result").GetProperty("schema");
            var expected = example.GetProperty("result").GetProperty("value");
            Assert.Null(JsonSchema.FindFault(document, schema, expected));
            var parameters = "{" + string.Join(',', example.GetProperty("params").EnumerateArray()
                .Select(parameter => $"{parameter.GetProperty("name").GetRawText()}:{parameter.GetProperty("value").GetRawText()}")) + "}";
            if (name == "get_proof")
            {
                await node.ConfirmedAsync(example.GetProperty("params")[0].GetProperty("value").GetString()!);
            }

            var needsSocket = name is "subscribe" or "unsubscribe";
            var result = needsSocket ? await socket.ResultAsync(name, parameters) : await node.ResultAsync(name, parameters);
            Assert.Null(JsonSchema.FindFault(document, schema, result));
            if (needsSocket || name is "submit_message" or "get_block" or "get_blocks" or "get_nonce")
            {
                Assert.True(JsonElement.DeepEquals(expected, result), $"{name} gives {result}");
            }
        }
    }

    private static void CheckParams(JsonElement document, JsonElement method, JsonElement example)
    {
        var parameters = method.GetProperty("params").EnumerateArray().ToDictionary(parameter => parameter.GetProperty("name").GetString()!);
        var given = example.GetProperty("params").EnumerateArray().ToDictionary(parameter => parameter.GetProperty("name").GetString()!);
        Assert.Subset(parameters.Keys.ToHashSet(), given.Keys.ToHashSet());
        foreach (var (name, parameter) in parameters)
        {
            if (given.TryGetValue(name, out var value))
            {
                Assert.Null(JsonSchema.FindFault(document, parameter.GetProperty("schema"), value.GetProperty("value")));
            }
            else
            {
                Assert.False(parameter.GetProperty("required").GetBoolean());
            }
        }
    }
}
