using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Running;

[Trait("Seed", "test_leader_restart_continuity")]
public sealed class RestartTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    private string Data => _folder.PathOf("data");

    public void Dispose() => _folder.Dispose();

    [Theory(Timeout = 120_000)]
    [InlineData(Signals.Interrupt)]
    [InlineData(Signals.Terminate)]
    public async Task Stopped_leader_goes_on_behind_its_last_block(int signal)
    {
        using var sender = new Sender();
        var messages = sender.Sign(25, "before");
        await using (var node = await NodeProcess.StartTestModeAsync(Data))
        {
            using var rpc = node.Client();
            await rpc.SubmitAsync(messages);
            await rpc.HeightAsync(10);
            Stopped.Check(await node.EndAsync(signal));
        }

        await using var again = await NodeProcess.StartTestModeAsync(Data);
        using var client = again.Client();
        var verified = await again.LoggedNumberAsync("Chain integrity verified:");
        var resumed = await again.LoggedNumberAsync("Leader resuming from height");
        Assert.True(verified > 10, $"{verified} blocks were verified");
        Assert.Equal(verified, resumed);
        Assert.Equal(sender.NextNonce, await client.NonceAsync(sender));
        await client.SubmitAsync(sender.Sign("after"));
        await client.HeightAsync(resumed + 5);
        await client.NothingPendingAsync();
        var chain = await WalkedChain.WalkAsync(client);
        Assert.Equal(26, chain.Messages.Count);
        Assert.All(messages, message => Assert.True(chain.Messages[message.Id].Height < resumed));
    }

    [Fact(Timeout = 120_000)]
    public async Task Messages_that_no_block_has_yet_are_kept()
    {
        using var sender = new Sender();
        var messages = sender.Sign(30, "waiting");
        await using (var node = await NodeProcess.StartAsync(Data, "--block-interval-ms", "3600000"))
        {
            using var rpc = node.Client();
            await rpc.SubmitAsync(messages);
            Stopped.Check(await node.EndAsync(Signals.Terminate));
        }

        await using var again = await NodeProcess.StartAsync(Data, "--block-interval-ms", "3600000");
        using var client = again.Client();
        var status = await client.CallAsync("get_status");
        Assert.Equal(0ul, status.GetProperty("height").GetUInt64());
        Assert.Equal(messages.Length, status.GetProperty("pending").GetInt32());
        Assert.Equal(sender.NextNonce, await client.NonceAsync(sender));
        var message = await client.CallAsync("get_message", new { message_id = messages[^1].Id.ToString() });
        Assert.Equal("pending", message.GetProperty("status").GetString());
        Stopped.Check(await again.EndAsync(Signals.Interrupt));

        await using var quick = await NodeProcess.StartTestModeAsync(Data);
        using var reader = quick.Client();
        await reader.NothingPendingAsync();
        Assert.Equal([.. messages.Select(message => message.Id)], (await WalkedChain.WalkAsync(reader)).Messages.Keys.ToHashSet());
    }

    [Fact(Timeout = 120_000)]
    public async Task Stop_during_submissions_ends_in_time_and_loses_nothing_answered()
    {
        using var sender = new Sender();
        var answered = new List<SignedMessage>();
        await using (var node = await NodeProcess.StartTestModeAsync(Data, "--rate-limit", "0"))
        {
            using var rpc = node.Client();
            var submitting = SubmitUntilRefusedAsync(rpc, sender, answered);
            await Eventually.HoldsAsync(() => Task.FromResult(answered.Count > 200), "200 answers");
            Stopped.Check(await node.EndAsync(Signals.Interrupt));
            await submitting;
        }

        await using var again = await NodeProcess.StartTestModeAsync(Data);
        using var client = again.Client();
        await client.NothingPendingAsync();
        var chain = await WalkedChain.WalkAsync(client);
        Assert.All(answered, message => Assert.Contains(message.Id, chain.Messages));
    }

    private static async Task SubmitUntilRefusedAsync(RpcClient rpc, Sender sender, List<SignedMessage> answered)
    {
        while (true)
        {
            var message = sender.Sign("one of many");
            try
            {
                await rpc.SubmitAsync(message);
                answered.Add(message);
            }
            catch (Exception exception) when (exception is HttpRequestException or RpcRefusedException or TaskCanceledException)
            {
                // The node stops: a refusal and a closed connection are both right, a wrong answer is not.
                return;
            }
        }
    }
}
