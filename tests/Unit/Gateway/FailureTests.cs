using System.Net;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Storage;
using Orleans.Runtime;
using Xunit;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>When the node fails: the client is told a code, never an exception, and never gets a 500.</summary>
public sealed class FailureTests
{
    private const string Secret = "secret-detail";
    private const string Id = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    private const string Key = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    private static readonly string Submission =
        $$"""{"content":"a","signature":"{{new string('1', 128)}}","public_key":"{{Key}}","nonce":0}""";

    private static readonly (string Method, string Params)[] Reads =
    [
        ("get_block", "[1]"), ("get_block", "[\"latest\",true]"), ("get_block", $"[\"{Id}\"]"), ("get_blocks", "[0,5]"),
        ("get_height", "[]"),
        ("get_message", $"[\"{Id}\"]"), ("get_messages", $"[\"{Key}\"]"), ("get_nonce", $"[\"{Key}\"]"), ("get_proof", $"[\"{Id}\"]"),
        ("get_status", "[]"),
    ];

    private static readonly (Exception Fault, int Code)[] Faults =
    [
        (new TimeoutException(Secret), -32007),
        (new SiloUnavailableException(Secret), -32007),
        (new LimitExceededException(Secret), -32007),
        (new OrleansException("No active nodes are compatible with " + Secret), -32007),
        (new OrleansException(Secret), -32603),
        (new InvalidOperationException(Secret), -32603),
        (new StorageException(StorageFault.Corrupt, Secret), -32603),
        (new IOException(Secret), -32603),
        (new OperationCanceledException(Secret), -32603),
        (new KeyNotFoundException(Secret), -32603),
    ];

    [Fact]
    public async Task Whatever_a_grain_throws_becomes_a_code()
    {
        await using var node = await FaultyNode.StartAsync();
        foreach (var (fault, code) in Faults)
        {
            node.Script.Fault = fault;
            foreach (var (method, parameters) in Reads)
            {
                await ExpectAsync(node, method, parameters, code);
            }

            await ExpectAsync(node, "submit_message", Submission, code);
            var many = await node.PostAsync(Call("submit_messages", $"[[{Submission},1,{Submission}]]"));
            Assert.Equal([code, -32602, code], many.Json.GetProperty("result").EnumerateArray().Select(Reply.CodeOf));
            AssertClean(many);
        }
    }

    [Fact]
    public async Task A_batch_goes_on_after_a_failure()
    {
        await using var node = await FaultyNode.StartAsync();
        node.Script.Fault = new InvalidOperationException(Secret);
        string[] calls =
            [Call("get_height", "[]"), Call("submit_message", Submission), Call("rpc.discover", "[]"), Call("get_nonce", $"[\"{Key}\"]")];
        var reply = await node.PostAsync($"[{string.Join(',', calls)}]");
        Assert.Equal([-32603, -32603, 0, -32603], reply.Json.EnumerateArray().Select(Reply.CodeOf));
        AssertClean(reply);
    }

    [Fact]
    public async Task Paths_answer_503_when_the_node_fails()
    {
        await using var node = await FaultyNode.StartAsync();
        foreach (var (fault, code) in Faults)
        {
            node.Script.Fault = fault;
            foreach (var path in (string[])[$"/message/{Id}", "/block/latest", "/block/7?messages=true"])
            {
                var reply = await node.GetAsync(path);
                Assert.Equal(HttpStatusCode.ServiceUnavailable, reply.Status);
                Assert.Equal(code, reply.Code);
                AssertClean(reply);
            }

            var ready = await node.GetAsync("/health/ready");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.Status);
            AssertClean(ready);
            Assert.Equal(HttpStatusCode.OK, (await node.GetAsync("/health/live")).Status);
            var metrics = await node.GetAsync("/metrics");
            Assert.Equal(HttpStatusCode.OK, metrics.Status);
            Assert.Contains("\nkimura_node_up 0\n", metrics.Text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(200)]
    public async Task Records_that_cannot_be_read_are_internal_errors(int size)
    {
        await using var node = await FaultyNode.StartAsync();
        node.Script.Bytes = new byte[size];
        foreach (var (method, parameters) in Reads.Where(read => read.Method is not ("get_status" or "get_nonce" or "get_height")))
        {
            await ExpectAsync(node, method, parameters, -32603);
        }

        await ExpectAsync(node, "submit_message", Submission, -32603);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await node.GetAsync("/block/latest")).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await node.GetAsync($"/message/{Id}")).Status);
    }

    [Fact]
    public async Task A_failure_in_the_middle_of_a_result_is_an_error_or_a_cut_connection_but_never_half_a_result()
    {
        await using var node = await FaultyNode.StartAsync();
        var header = new BlockHeader(1, 1, default, default, default, default);

        // More messages than one read gives, each of which cannot be read.
        node.Script.Bytes = Block.Create(header, new byte[100 * MerkleTree.EntrySize]).Encoding.ToArray();
        await ExpectAsync(node, "get_block", "[1,true]", -32603);
        Assert.Equal(0, (await node.PostAsync(Call("get_block", "[1]"))).Code);
        var batch = await node.PostAsync($"[{Call("get_block", "[1,true]")}]");
        Assert.Equal(HttpStatusCode.OK, batch.Status);
        Assert.Equal(-32603, batch.Code);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await node.GetAsync("/block/1?messages=true")).Status);

        // So many that a part of the answer is sent before the first of them is read.
        node.Script.Bytes = Block.Create(header, new byte[5000 * MerkleTree.EntrySize]).Encoding.ToArray();
        await Assert.ThrowsAsync<HttpRequestException>(() => node.PostAsync(Call("get_block", "[1,true]")));
        await Assert.ThrowsAsync<HttpRequestException>(() => node.GetAsync("/block/1?messages=true"));
        Assert.Equal(0, (await node.PostAsync(Call("get_block", "[1]"))).Code);
    }

    [Fact]
    public async Task What_only_others_know_is_unavailable_while_they_cannot_be_reached()
    {
        await using var node = await FaultyNode.StartAsync();
        node.Script.UnreachableFrom = 0;
        await ExpectAsync(node, "get_nonce", $"[\"{Key}\"]", -32007);
        await ExpectAsync(node, "get_message", $"[\"{Id}\"]", -32007);
        await ExpectAsync(node, "get_messages", $"[\"{Key}\"]", -32007);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await node.GetAsync($"/message/{Id}")).Status);

        var header = new BlockHeader(1, 1, default, default, default, default);
        foreach (var count in (int[])[3, 100])
        {
            node.Script.Bytes = Block.Create(header, new byte[count * MerkleTree.EntrySize]).Encoding.ToArray();
            await ExpectAsync(node, "get_block", "[1,true]", -32007);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await node.GetAsync("/block/1?messages=true")).Status);
            Assert.Equal(0, (await node.PostAsync(Call("get_block", "[1]"))).Code);
        }

        // The first message is there, the second is not.
        (node.Script.UnreachableFrom, node.Script.Asked) = (1, 0);
        await ExpectAsync(node, "get_block", "[1,true]", -32007);
    }

    [Fact]
    public async Task A_list_of_messages_that_cannot_be_fetched_to_its_end_is_unavailable_and_not_shorter()
    {
        await using var node = await FaultyNode.StartAsync();
        var message = new byte[Kimura.Chain.Messages.Message.HeaderSize];
        node.Script.Bytes = message;
        node.Script.UnreachableFrom = 1;

        await ExpectAsync(node, "get_messages", $"[\"{Key}\",0,100]", -32007);
    }

    [Fact]
    public async Task A_grain_that_does_not_answer_in_time_is_unavailable()
    {
        await using var node = await FaultyNode.StartAsync(TimeSpan.FromMilliseconds(50));
        node.Script.IsSilent = true;
        await ExpectAsync(node, "get_height", "[]", -32007);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await node.GetAsync("/health/ready")).Status);
    }

    [Fact]
    public async Task A_stopped_silo_is_unavailable()
    {
        await using var node = await FaultyNode.StartAsync();
        await node.StopSiloAsync();
        await ExpectAsync(node, "get_height", "[]", -32007);
        await ExpectAsync(node, "submit_message", Submission, -32007);
    }

    private static string Call(string method, string parameters) =>
        $$"""{"jsonrpc":"2.0","id":1,"method":"{{method}}","params":{{parameters}}}""";

    private static async Task ExpectAsync(FaultyNode node, string method, string parameters, int code)
    {
        var reply = await node.PostAsync(Call(method, parameters));
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal((method, code), (method, reply.Code));
        Assert.Equal(1, reply.Json.GetProperty("id").GetInt32());
        AssertClean(reply);
    }

    private static void AssertClean(Reply reply)
    {
        Assert.NotEqual(HttpStatusCode.InternalServerError, reply.Status);
        Assert.DoesNotContain(Secret, reply.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", reply.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", reply.Text, StringComparison.Ordinal);
    }
}
