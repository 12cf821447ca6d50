using System.Net;
using System.Net.Sockets;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Running;

public sealed class StopTests(ITestOutputHelper output) : IDisposable
{
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 180_000)]
    public async Task Stop_at_any_moment_of_the_start_is_clean()
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < 10; round++)
        {
            await using var node = NodeProcess.Launch(["--test-mode", "--db-path", _folder.PathOf("data"), "--rpc-port", "0"]);

            // From its first line on, the node knows its signals.
            await node.Errors.FindAsync(line => line.Contains("engine", StringComparison.Ordinal), Limits.Start);
            await Task.Delay(random.Next(700), TestContext.Current.CancellationToken);
            Stopped.Check(await node.EndAsync(random.Next(2) == 0 ? Signals.Interrupt : Signals.Terminate));
        }

        await using var last = await NodeProcess.StartTestModeAsync(_folder.PathOf("data"), "--verify", "full");
        Stopped.Check(await last.EndAsync(Signals.Terminate));
    }

    [Fact(Timeout = 120_000)]
    public async Task Stop_does_not_wait_for_clients_that_never_finish()
    {
        await using var node = await NodeProcess.StartTestModeAsync(_folder.PathOf("data"));
        var address = new IPEndPoint(IPAddress.Loopback, node.Address.Port);
        using var silent = new TcpClient();
        await silent.ConnectAsync(address, TestContext.Current.CancellationToken);
        using var half = new TcpClient();
        await half.ConnectAsync(address, TestContext.Current.CancellationToken);
        await half.GetStream().WriteAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n{"u8.ToArray(), TestContext.Current.CancellationToken);
        using var rpc = node.Client();
        await rpc.HeightAsync(3);

        Stopped.Check(await node.EndAsync(Signals.Interrupt));
    }
}
