using System.Net.Sockets;
using Kimura.Tests.Integration.Harness;
using Kimura.Tests.Integration.Refusing;
using Kimura.Tests.Integration.Running;
using Xunit;

namespace Kimura.Tests.Integration.Backups;

/// <summary>Making backups of real nodes: while they run, when they stand still, by themselves, and killed in the middle.</summary>
public sealed class CreateTests : IDisposable
{
    private const int KilledCode = 137;

    private readonly TempDirectory _folder = new();
    private readonly BackupTool _tool;

    public CreateTests() => _tool = new BackupTool(_folder.PathOf("backups"));

    private string Data => _folder.PathOf("leader");

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 300_000)]
    public async Task A_create_killed_at_any_moment_leaves_whole_backups_alone_and_nothing_that_grows()
    {
        await using var node = await NodeProcess.StartTestModeAsync(Data);
        using var rpc = node.Client();
        using var load = new SteadyLoad(rpc);
        await _tool.CreateAsync(Data);
        var killed = 0;
        foreach (var site in new[] { 1, 2, 4, 7, 11, 14, 18 })
        {
            var ending = await _tool.CreateUntilAsync(Data, site);
            killed += ending.Code == KilledCode ? 1 : 0;
            Assert.True(ending.Code is 0 or KilledCode, ending.ToString());
            Assert.DoesNotContain(await _tool.DoAsync("list", Data), line => line.Contains("damaged", StringComparison.Ordinal));
        }

        Assert.True(killed >= 4, $"{killed} of the creates were killed only");
        await load.StopAsync();
        await Eventually.HoldsAsync(() => Task.FromResult(Checkpoints() == 0), "no copy for a tool that is gone");
        var (name, _) = await _tool.CreateAsync(Data, "--backup-keep", "1");
        Assert.Equal([$"{name}: ok, its whole chain too"], await _tool.DoAsync("verify", Data, "--full", "--scratch", _folder.Root));
        Assert.Empty(_tool.Files("incoming"));
        Assert.Equal([name], _tool.Files("manifests").Select(path => Path.GetFileNameWithoutExtension(path)));
        var manifest = await File.ReadAllTextAsync(_tool.Files("manifests").Single());
        Assert.All(_tool.Files("objects"), path => Assert.Contains(Path.GetFileName(path), manifest, StringComparison.Ordinal));
    }

    [Fact(Timeout = 300_000)]
    public async Task Blocks_go_on_while_backups_are_made_and_a_second_one_of_a_quiet_node_stores_little()
    {
        await using var node = await NodeProcess.StartTestModeAsync(Data);
        using var rpc = node.Client();
        using var load = new SteadyLoad(rpc);
        await rpc.HeightAsync(10);
        var before = await rpc.HeightAsync();
        var (_, height) = await _tool.CreateAsync(Data);
        Assert.True(height >= before, $"a backup of height {height} was asked for at {before}");
        Assert.True(await rpc.HeightAsync() > height, "no block came while the backup was made");
        await load.StopAsync();
        await rpc.NothingPendingAsync();
        await _tool.CreateAsync(Data);
        var stored = _tool.Files("objects").Sum(path => new FileInfo(path).Length);
        await _tool.CreateAsync(Data);
        var more = _tool.Files("objects").Sum(path => new FileInfo(path).Length) - stored;
        Assert.True(more * 4 < stored, $"{more} bytes more than {stored}");
        Assert.Equal(load.Answered, (await rpc.CallAsync("get_status")).GetProperty("pending").GetUInt64() + (ulong)(await WalkedChain.WalkAsync(rpc)).Messages.Count);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_stopped_or_killed_node_is_backed_up_too_and_its_keys_never_are()
    {
        ulong last;
        await using (var node = await NodeProcess.StartTestModeAsync(Data))
        {
            using var rpc = node.Client();
            var mode = File.GetUnixFileMode(Path.Combine(Data, "backup.sock"));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, mode);
            await rpc.HeightAsync(3);
            await node.EndAsync(Signals.Kill);
        }

        last = (await RawDatabase.ReadBlocksAsync(Data))[^1].Height;
        Assert.Equal(last, (await _tool.CreateAsync(Data)).Height);
        await using (var node = await NodeProcess.StartTestModeAsync(Data))
        {
            Stopped.Check(await node.EndAsync(Signals.Terminate));
        }

        Assert.False(File.Exists(Path.Combine(Data, "backup.sock")));
        var said = await _tool.DoAsync("create", Data);
        Assert.StartsWith("The leader's key and its sign guard are in no backup", said[^1], StringComparison.Ordinal);
        var key = (await File.ReadAllTextAsync(Path.Combine(Data, "leader.key"))).Trim();
        Assert.All(
            _tool.Files("."), path => Assert.False(File.ReadAllBytes(path).AsSpan().IndexOf(Convert.FromHexString(key)) >= 0, $"{path} holds the leader's key"));
        var absent = await _tool.RunAsync("create", _folder.PathOf("nothing"));
        Assert.StartsWith("--db-path: there is no database in ", Refusal.LineOf(absent, Refusal.BadOption));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_node_makes_its_backups_by_itself_and_a_restart_adds_none()
    {
        var backups = _folder.PathOf("backups");
        await using (var node = await NodeProcess.StartTestModeAsync(Data, "--backup-dir", backups))
        {
            using var rpc = node.Client();
            Assert.NotNull(await node.Errors.FindAsync(line => line.Contains("Made backup ", StringComparison.Ordinal), Limits.Step));
            await Eventually.HoldsAsync(async () => (await Metrics.ReadAsync(rpc)).Value("kimura_backup_made_total") == 1, "the backup in the metrics");
            Assert.Equal(0, (await Metrics.ReadAsync(rpc)).Value("kimura_backup_failed_total"));
            Stopped.Check(await node.EndAsync(Signals.Terminate));
        }

        await using (var node = await NodeProcess.StartTestModeAsync(Data, "--backup-dir", backups))
        {
            using var rpc = node.Client();
            await Eventually.HoldsAsync(async () => (await Metrics.ReadAsync(rpc)).Value("kimura_backup_last_success_height") >= 0
                && (await Metrics.ReadAsync(rpc)).Value("kimura_backup_last_success_timestamp_seconds") > 0, "the newest backup in the metrics");
            await rpc.HeightAsync(5);
            Assert.Equal(0, (await Metrics.ReadAsync(rpc)).Value("kimura_backup_made_total"));
        }

        Assert.Single(await _tool.DoAsync("list", Data), line => line.Contains("height", StringComparison.Ordinal));
    }

    [Fact(Timeout = 300_000)]
    public async Task Where_no_backup_can_be_made_the_node_says_so_counts_it_and_does_its_work()
    {
        await File.WriteAllTextAsync(_folder.PathOf("file"), "no directory");
        await using var node = await NodeProcess.StartTestModeAsync(Data, "--backup-dir", _folder.PathOf("file"));
        using var rpc = node.Client();

        Assert.NotNull(await node.Errors.FindAsync(line => line.Contains("No backup was made in ", StringComparison.Ordinal), Limits.Step));
        await Eventually.HoldsAsync(async () => (await Metrics.ReadAsync(rpc)).Value("kimura_backup_failed_total") >= 1, "the failure in the metrics");
        await rpc.HeightAsync(await rpc.HeightAsync() + 3);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_flipped_byte_a_lost_object_and_a_bad_option_are_said_in_one_line_with_an_exit_code()
    {
        await using (var node = await NodeProcess.StartTestModeAsync(Data))
        {
            Stopped.Check(await node.EndAsync(Signals.Terminate));
        }

        var (name, _) = await _tool.CreateAsync(Data);
        var victim = _tool.Files("objects").MaxBy(path => new FileInfo(path).Length)!;
        var bytes = await File.ReadAllBytesAsync(victim);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(victim, bytes);
        var verified = await _tool.RunAsync("verify", Data);
        Assert.Equal(Refusal.DatabaseRefused, verified.Code);
        Assert.Equal($"{name}: DAMAGED", verified.Output[0]);
        Assert.Matches($@"\A  backup {name}: objects/[0-9a-f]{{2}}/{Path.GetFileName(victim)} \(the database's .*\) is damaged: its bytes are not those of its checksum\z", verified.Output[1]);

        var restored = await _tool.RunAsync("restore", _folder.PathOf("restored"));
        Assert.StartsWith($"backup {name}: objects/", Refusal.LineOf(restored, Refusal.DatabaseRefused));
        Assert.False(Directory.Exists(_folder.PathOf("restored", "rocksdb")));
        File.Delete(victim);
        Assert.Contains("is missing", (await _tool.RunAsync("verify", Data)).Output[1], StringComparison.Ordinal);
        Assert.Equal("Unrecognized command or argument '--hight'.", Refusal.LineOf(await _tool.RunAsync("restore", Data, "--hight", "3"), Refusal.BadOption).Split('\n')[0]);
    }

    [Fact(Timeout = 300_000)]
    public async Task What_else_comes_to_the_socket_gets_nothing_and_holds_nothing_up()
    {
        await using var node = await NodeProcess.StartTestModeAsync(Data);
        var address = new UnixDomainSocketEndPoint(Path.Combine(Data, "backup.sock"));
        var strangers = new List<Socket>();
        foreach (var words in new[] { "checkpoint 2\n", "GET / HTTP/1.1\r\n\r\n", "no line end", "" })
        {
            var stranger = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            strangers.Add(stranger);
            await stranger.ConnectAsync(address);
            await stranger.SendAsync(System.Text.Encoding.ASCII.GetBytes(words));
            if (words == "")
            {
                stranger.Shutdown(SocketShutdown.Both);
            }
        }

        await _tool.CreateAsync(Data);
        await Eventually.HoldsAsync(() => Task.FromResult(Checkpoints() == 0), "no copy for a tool that has ended");
        strangers.ForEach(stranger => stranger.Dispose());
        Stopped.Check(await node.EndAsync(Signals.Terminate));
    }

    private int Checkpoints()
    {
        var folder = Path.Combine(Data, "checkpoints");
        return Directory.Exists(folder) ? Directory.GetFileSystemEntries(folder).Length : 0;
    }
}
