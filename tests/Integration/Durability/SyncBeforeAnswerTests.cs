using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Durability;

/// <summary>A kill proves nothing about the disk, since the system's cache survives it: so the system calls themselves are looked at.</summary>
public sealed class SyncBeforeAnswerTests(ITestOutputHelper output) : IDisposable
{
    private const int Messages = 10;

    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 240_000)]
    public async Task Log_is_synced_between_the_writing_of_a_message_and_its_answer()
    {
        await SkipWithoutTracingAsync();
        using var sender = new Sender();
        var messages = Enumerable.Range(0, Messages).Select(i => sender.Sign($"on disk {i} {Guid.NewGuid():N}")).ToList();

        var calls = SystemCallTrace.Parse(await TraceAsync(messages));

        Assert.All(messages, message => CheckOrder(message, calls));
    }

    [Fact]
    public void Interrupted_calls_of_a_trace_are_put_together()
    {
        var calls = SystemCallTrace.Parse(
        [
            "12  1795222391.1 fdatasync(7</data/000004.log> <unfinished ...>",
            "13  1795222391.2 sendto(9<socket:[5]>, \"a) = b\", 6, 0, NULL, 0) = 6",
            "14  1795222391.2 <... read resumed>\"x\", 1) = 1",
            "12  1795222391.3 <... fdatasync resumed>) = 0",
            "12  1795222391.4 fdatasync(7</data/000004.log>) = -1 EIO (Input/output error)",
            "12  1795222391.5 +++ exited with 0 +++",
        ]);

        Assert.Equal([("sendto", 2, 2), ("fdatasync", 1, 4), ("fdatasync", 5, 5)], calls.Select(call => (call.Name, call.Entered, call.Left)));
        Assert.Equal([true, true, false], calls.Select(call => call.Succeeded));
        Assert.Equal("/data/000004.log", calls[1].Path);
    }

    private static async Task SkipWithoutTracingAsync()
    {
        if (!OperatingSystem.IsLinux() || !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "strace"))))
        {
            Assert.Skip("strace is not installed (Debian and Ubuntu: apt-get install strace)");
        }

        var trial = await ChildProcess.RunAsync("strace", ["-o", "/dev/null", "true"]);
        if (trial.Code != 0)
        {
            Assert.Skip($"this machine does not let strace trace: {string.Join(' ', trial.Errors)}");
        }
    }

    private async Task<IReadOnlyList<string>> TraceAsync(List<SignedMessage> messages)
    {
        var trace = _folder.PathOf("trace");

        // -D: the node is our own child and strace stands aside, so that signals reach the node.
        await using var node = NodeProcess.LaunchUnder(
            "strace",
            ["-D", "-f", "-ttt", "-y", "-s", "4096", "-o", trace, "-e", "trace=fdatasync,fsync,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,recvfrom,recvmsg,read,readv"],
            ["--db-path", _folder.PathOf("data"), "--rpc-port", "0", "--block-interval-ms", "3600000"]);
        await node.ReadyAsync();
        using (var rpc = node.Client())
        {
            foreach (var message in messages)
            {
                await rpc.SubmitAsync(message);
            }
        }

        var id = node.Id;
        var ending = await node.EndAsync(Signals.Terminate, Limits.Start);
        Assert.True(ending.Code == 0, ending.ToString());
        return await Eventually.ValueAsync(
            async () => await File.ReadAllLinesAsync(trace) is var lines && lines.Any(line => IsEndOf(id, line)) ? lines : null, "the end of the trace");
    }

    private static bool IsEndOf(int id, string line) =>
        line.StartsWith($"{id} ", StringComparison.Ordinal) && line.EndsWith("+++ exited with 0 +++", StringComparison.Ordinal);

    private void CheckOrder(SignedMessage message, IReadOnlyList<SystemCall> calls)
    {
        var request = calls.First(call => call.IsReceive && call.Text.Contains(message.Content, StringComparison.Ordinal));
        var write = calls.First(call => call.IsWrite && call.Path.EndsWith(".log", StringComparison.Ordinal) && call.Text.Contains(message.Content, StringComparison.Ordinal));
        var answer = calls.First(call => call.IsSend && call.Path.StartsWith("socket:", StringComparison.Ordinal) && call.Text.Contains(message.Id.ToString(), StringComparison.Ordinal));
        var sync = calls.FirstOrDefault(call => call.IsSync && call.Succeeded && call.Path == write.Path && call.Entered > write.Left && call.Left < answer.Entered);
        output.WriteLine($"message {message.Nonce}: request {request.Left}, write {write.Left}, sync {sync?.Left}, answer {answer.Entered}");

        Assert.True(write.Succeeded, write.ToString());
        Assert.True(request.Left < write.Entered, $"written before it came: {request} / {write}");
        Assert.True(sync is not null, $"answered before the log was synced: {write} / {answer}");
    }
}
