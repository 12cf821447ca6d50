using Kimura.Gateway;
using Kimura.Interfaces;
using Orleans.Runtime;
using Xunit;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>A gateway that outlives silos: what fails because one died is asked again, and never answered wrongly.</summary>
public sealed class RetryTests
{
    private const string Height = """{"jsonrpc":"2.0","id":1,"method":"get_height"}""";

    private static readonly GatewayOptions Patient = new() { RetryFor = TimeSpan.FromSeconds(60) };

    [Fact]
    public async Task A_read_is_asked_again_until_a_silo_answers()
    {
        await using var node = await FaultyNode.StartAsync(options: Patient);
        var asked = FailFirst(node, 3, new SiloUnavailableException("killed"));
        var reply = await node.PostAsync(Height);
        Assert.Equal(0ul, reply.Json.GetProperty("result").GetProperty("height").GetUInt64());
        Assert.Equal(4, asked());
    }

    [Fact]
    public async Task What_another_silo_would_not_do_better_is_not_asked_again()
    {
        await using var node = await FaultyNode.StartAsync(options: Patient);
        var asked = FailFirst(node, 3, new InvalidOperationException("a bug"));
        Assert.Equal(-32603, Reply.CodeOf((await node.PostAsync(Height)).Json));
        Assert.Equal(1, asked());
    }

    [Fact]
    public async Task Without_patience_nothing_is_asked_again()
    {
        await using var node = await FaultyNode.StartAsync();
        var asked = FailFirst(node, 3, new SiloUnavailableException("killed"));
        Assert.Equal(-32007, Reply.CodeOf((await node.PostAsync(Height)).Json));
        Assert.Equal(1, asked());
    }

    [Fact]
    public async Task A_silo_that_is_behind_what_was_told_before_is_asked_again()
    {
        await using var node = await FaultyNode.StartAsync(options: Patient);
        node.Script.Tip = new TipRecord(7, default);
        await node.PostAsync(Height);
        node.Script.Tip = new TipRecord(5, default);
        var asked = 0;
        node.Script.OnAsked = () => node.Script.Tip = ++asked < 3 ? node.Script.Tip : new TipRecord(8, default);
        Assert.Equal(8ul, (await node.PostAsync(Height)).Json.GetProperty("result").GetProperty("height").GetUInt64());
    }

    [Fact]
    public async Task A_message_that_its_own_first_try_brought_in_is_accepted()
    {
        await using var node = await FaultyNode.StartAsync(options: Patient);
        FailFirst(node, 1, new TimeoutException("the answer was lost"));
        Assert.Equal("pending", (await SubmitAsync(node, new SubmissionResult(SubmissionOutcome.Duplicate, SameContent: true))).GetProperty("result").GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_message_that_was_known_before_stays_a_duplicate()
    {
        await using var node = await FaultyNode.StartAsync(options: Patient);
        Assert.Equal(-32003, Reply.CodeOf(await SubmitAsync(node, new SubmissionResult(SubmissionOutcome.Duplicate, SameContent: true))));
    }

    [Fact]
    public async Task A_different_message_under_the_same_nonce_stays_a_duplicate_when_it_is_sent_again()
    {
        await using var node = await FaultyNode.StartAsync(options: Patient);
        FailFirst(node, 1, new TimeoutException("the answer was lost"));
        Assert.Equal(-32003, Reply.CodeOf(await SubmitAsync(node, new SubmissionResult(SubmissionOutcome.Duplicate, SameContent: false))));
    }

    [Fact]
    public async Task A_submission_without_a_leader_is_sent_again_until_there_is_one()
    {
        await using var node = await FaultyNode.StartAsync(options: Patient);
        var asked = 0;
        node.Script.OnAsked = () => node.Script.Results = [new SubmissionResult(++asked < 3 ? SubmissionOutcome.Unavailable : SubmissionOutcome.Accepted)];
        Assert.Equal("pending", (await SubmitAsync(node, default)).GetProperty("result").GetProperty("status").GetString());
        Assert.Equal(3, asked);
    }

    [Theory]
    [InlineData(Height)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"submit_message","params":PARAMS}""")]
    public async Task What_has_no_answer_when_a_connection_breaks_is_asked_again_at_once(string request)
    {
        await using var node = await FaultyNode.StartAsync(options: Patient);
        using var sender = new Sender();
        node.Script.Results = [new SubmissionResult(SubmissionOutcome.Accepted)];
        node.Script.Bytes = new byte[32];
        var asked = SilentAtFirst(node);
        var reply = node.PostAsync(request.Replace("PARAMS", sender.Params(0, "content"), StringComparison.Ordinal));
        await asked;
        node.Broken.Report();
        Assert.True((await reply).Json.TryGetProperty("result", out _));
    }

    [Fact]
    public async Task Without_patience_a_broken_connection_is_said_at_once()
    {
        await using var node = await FaultyNode.StartAsync();
        var asked = SilentAtFirst(node);
        var reply = node.PostAsync(Height);
        await asked;
        node.Broken.Report();
        Assert.Equal(-32007, Reply.CodeOf((await reply).Json));
    }

    // Completes when the first question has come, which is never answered; the next ones are.
    private static Task SilentAtFirst(FaultyNode node)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        node.Script.OnAsked = () => node.Script.IsSilent = asked.TrySetResult();
        return asked.Task;
    }

    private static Func<int> FailFirst(FaultyNode node, int times, Exception fault)
    {
        var asked = 0;
        node.Script.OnAsked = () => node.Script.Fault = ++asked <= times ? fault : null;
        return () => asked;
    }

    private static async Task<System.Text.Json.JsonElement> SubmitAsync(FaultyNode node, SubmissionResult result)
    {
        using var sender = new Sender();
        node.Script.Results = [result];
        node.Script.Bytes = new byte[32];
        return (await node.PostAsync($$"""{"jsonrpc":"2.0","id":1,"method":"submit_message","params":{{sender.Params(0, "content")}}}""")).Json;
    }
}
