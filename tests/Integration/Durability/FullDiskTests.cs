using Kimura.Tests.Integration.Harness;
using Kimura.Tests.Integration.Refusing;
using Xunit;

namespace Kimura.Tests.Integration.Durability;

public sealed class FullDiskTests : IDisposable
{
    // Kibibytes of one file, enforced by the system as a full disk would be.
    private const int FileLimit = 300;

    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 120_000)]
    public async Task Disk_that_takes_no_more_ends_the_node_and_loses_nothing_answered()
    {
        var data = _folder.PathOf("data");
        var answered = new List<SignedMessage>();
        using var sender = new Sender();
        await using (var node = LaunchLimited(data))
        {
            await node.ReadyAsync();
            using var rpc = node.Client();
            await SubmitUntilRefusedAsync(rpc, sender, answered);
            var ending = await node.EndAsync();
            Assert.True(ending.Code == Refusal.StorageFailed, ending.ToString());
            Assert.Contains("cannot be written", Refusal.PlainLineOf(ending), StringComparison.Ordinal);
        }

        await using var again = await NodeProcess.StartTestModeAsync(data, "--verify", "full");
        using var client = again.Client();
        await client.NothingPendingAsync();
        var chain = await WalkedChain.WalkAsync(client);
        Assert.NotEmpty(answered);
        Assert.All(answered, message => Assert.Contains(message.Id, chain.Messages));
    }

    // The runtime maps its own code in files without a name that would not fit either.
    private static NodeProcess LaunchLimited(string data) => NodeProcess.LaunchUnder(
        "bash",
        ["-c", $"export DOTNET_EnableWriteXorExecute=0; trap '' XFSZ; ulimit -f {FileLimit}; exec \"$@\"", "bash"],
        ["--test-mode", "--db-path", data, "--rpc-port", "0", "--rate-limit", "0", "--disk-reserve", "0"]);

    private static async Task SubmitUntilRefusedAsync(RpcClient rpc, Sender sender, List<SignedMessage> answered)
    {
        while (true)
        {
            var message = sender.Sign(new string('x', 2000));
            RpcReply reply;
            try
            {
                reply = await rpc.SendAsync("submit_message", message.ToParameters());
            }
            catch (HttpRequestException)
            {
                return;
            }

            if (reply.Error is not null)
            {
                Assert.True(reply.Error.Code == -32007, reply.ToString());
                return;
            }

            answered.Add(message);
        }
    }
}
