using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Refusing;

/// <summary>Data directories of a real leader in three states, to be copied and damaged.</summary>
public sealed class DatabaseCopies : IAsyncLifetime
{
    private readonly TempDirectory _folder = new();

    /// <summary>Stopped after the first blocks.</summary>
    public string Older => _folder.PathOf("older");

    /// <summary>Stopped later, with every block covered by a complete check.</summary>
    public string Stopped => _folder.PathOf("stopped");

    /// <summary>Killed later still: its newest log is as the kill left it.</summary>
    public string Killed => _folder.PathOf("killed");

    public async ValueTask InitializeAsync()
    {
        var data = _folder.PathOf("data");
        using var sender = new Sender();
        await RunAsync(data, sender, Signals.Terminate);
        TempDirectory.Copy(data, Older);
        await RunAsync(data, sender, Signals.Terminate);
        await RunAsync(data, sender, Signals.Terminate);
        TempDirectory.Copy(data, Stopped);
        await RunAsync(data, sender, Signals.Kill);
        TempDirectory.Copy(data, Killed);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async Task RunAsync(string data, Sender sender, int signal)
    {
        await using var node = await NodeProcess.StartTestModeAsync(data);
        using var rpc = node.Client();
        var from = await rpc.HeightAsync();
        for (var i = 1; i <= 3; i++)
        {
            await rpc.SubmitAsync(sender.Sign(20, "stored"));
            await rpc.HeightAsync(from + (ulong)(3 * i));
        }

        await rpc.NothingPendingAsync();
        await node.EndAsync(signal);
    }
}
