using System.Globalization;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Refusing;

/// <summary>Two nodes that want the same thing.</summary>
public sealed class SharedUseTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 120_000)]
    public async Task Second_node_on_a_directory_key_or_port_ends_and_the_first_goes_on()
    {
        var data = _folder.PathOf("data");
        var key = Path.Combine(data, "leader.key");
        await using var first = await NodeProcess.StartTestModeAsync(data);
        using var rpc = first.Client();
        var port = first.Address.Port.ToString(CultureInfo.InvariantCulture);

        var sameDirectory = await NodeProcess.RunAsync("--db-path", data, "--rpc-port", "0");
        Assert.Contains("in use", Refusal.LineOf(sameDirectory, Refusal.PortOrLockTaken), StringComparison.Ordinal);

        var sameKey = await NodeProcess.RunAsync("--db-path", _folder.PathOf("second"), "--key-file", key, "--rpc-port", "0");
        Assert.Contains("in use", Refusal.LineOf(sameKey, Refusal.PortOrLockTaken), StringComparison.Ordinal);

        var samePort = await NodeProcess.RunAsync("--db-path", _folder.PathOf("third"), "--rpc-port", port);
        Assert.Contains(port, Refusal.LineOf(samePort, Refusal.PortOrLockTaken), StringComparison.Ordinal);

        await rpc.HeightAsync(await rpc.HeightAsync() + 2);
        Assert.Equal(0, (await first.EndAsync(Signals.Interrupt)).Code);
    }
}
