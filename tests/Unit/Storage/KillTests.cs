using System.Diagnostics;
using Kimura.Storage;
using Kimura.Storage.KeyValue;
using Xunit;

namespace Kimura.Tests.Unit.Storage;

/// <summary>A second process, which is this test program with one test: killed, out of file size, or in the way.</summary>
public sealed class KillTests(ITestOutputHelper output) : IDisposable
{
    private const string DirectoryVariable = "KIMURA_TEST_DIRECTORY";
    private readonly TempFolder _folder = new();
    private Process? _child;

    public void Dispose()
    {
        _child?.Kill();
        _child?.WaitForExit();
        _child?.Dispose();
        _folder.Dispose();
    }

    [Fact(Timeout = 120_000)]
    public async Task Killed_writer_keeps_every_answered_record_and_holds_the_directory_until_then()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var answered = 0L;
        for (var round = 0; round < 4; round++)
        {
            Start(nameof(Child_writes_until_killed));
            var target = answered + random.Next(20, 400);
            while (Answered() < target)
            {
                Assert.False(_child!.HasExited);
                await Task.Yield();
            }

            var refusal = await Assert.ThrowsAsync<StorageException>(() => Stores.OpenAsync(_folder["db"]));
            Assert.Equal(StorageFault.Locked, refusal.Fault);
            _child!.Kill();
            await _child.WaitForExitAsync(TestContext.Current.CancellationToken);

            answered = Answered();
            await using var store = await Stores.OpenAsync(_folder["db"]);
            var count = 0L;
            await foreach (var (key, value) in store.IterateAsync(Family.Pending, default, default))
            {
                Assert.Equal(Key(count++), key);
                Assert.Equal(ValueSize(count), value.Length);
            }

            output.WriteLine($"round {round}: {answered} answered, {count} found");
            Assert.InRange(count, answered, answered + 8);
            answered = count;
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task Write_that_the_system_refuses_ends_the_store()
    {
        // 8 MiB a file; with the signal ignored, writing on gives EFBIG.
        Start(nameof(Child_writes_until_refused), "trap '' XFSZ; ulimit -f 8192; exec \"$0\" \"$@\"");
        await _child!.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, _child.ExitCode);
        Assert.True(File.Exists(_folder["failed"]));
        var answered = Answered();
        Assert.True(answered > 0);

        await using var store = await Stores.OpenAsync(_folder["db"]);
        Assert.Equal(answered, (await Stores.KeysAsync(store, Family.Pending)).Count);
    }

    [Fact(Timeout = 60_000)]
    public async Task Database_that_another_program_has_open_is_refused_before_its_logs_are_touched()
    {
        await using (var store = await Stores.OpenAsync(_folder["db"]))
            await store.CommitAsync(Stores.Put("k", "v"), sync: true);

        // RocksDB's own tools take a record lock on this file.
        var log = Directory.GetFiles(_folder["db"], "*.log").Single();
        await File.AppendAllTextAsync(log, "torn");
        const string Hold = "import fcntl, sys; f = open(sys.argv[1], 'r+'); fcntl.lockf(f, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()";
        _child = Process.Start(new ProcessStartInfo("python3", ["-c", Hold, _folder["db/LOCK"]])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        Assert.Equal("held", await _child.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        var length = new FileInfo(log).Length;

        var refusal = await Assert.ThrowsAsync<StorageException>(() => Stores.OpenAsync(_folder["db"]));
        Assert.Equal(StorageFault.Locked, refusal.Fault);
        Assert.Equal(length, new FileInfo(log).Length);

        _child.StandardInput.Close();
        await _child.WaitForExitAsync(TestContext.Current.CancellationToken);
        await using var opened = await Stores.OpenAsync(_folder["db"]);
        Assert.Equal("v", await Stores.GetAsync(opened, "k"));
    }

    /// <summary>Not a test: what <see cref="Killed_writer_keeps_every_answered_record_and_holds_the_directory_until_then"/> starts.</summary>
    [Fact(Explicit = true)]
    public async Task Child_writes_until_killed()
    {
        await using var store = await Stores.OpenAsync(ChildPath("db"));
        using var answers = File.OpenHandle(ChildPath("answered"), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        var next = (long)(await Stores.KeysAsync(store, Family.Pending)).Count;
        var inFlight = new Queue<Task>();
        var answered = next;

        // Bounded, should nobody kill it.
        for (var end = next + 100_000; next < end; next++)
        {
            inFlight.Enqueue(store.CommitAsync(Stores.Put(Key(next), new byte[ValueSize(next + 1)], Family.Pending), sync: true).AsTask());
            if (inFlight.Count < 8)
                continue;

            await inFlight.Dequeue();
            RandomAccess.Write(answers, BitConverter.GetBytes(++answered), 0);
        }
    }

    /// <summary>Not a test: what <see cref="Write_that_the_system_refuses_ends_the_store"/> starts.</summary>
    [Fact(Explicit = true)]
    public async Task Child_writes_until_refused()
    {
        await using var store = await Stores.OpenAsync(ChildPath("db"));
        using var answers = File.OpenHandle(ChildPath("answered"), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        var refusal = await Assert.ThrowsAsync<StorageException>(async () =>
        {
            for (var i = 0L; i < 1000; i++)
            {
                await store.CommitAsync(Stores.Put(Key(i), new byte[50_000], Family.Pending), sync: true);
                RandomAccess.Write(answers, BitConverter.GetBytes(i + 1), 0);
            }
        });
        Assert.Equal(StorageFault.Failed, refusal.Fault);
        Assert.Contains("File too large", refusal.Message, StringComparison.Ordinal);
        Assert.True(store.Failed.IsCompleted);
        await File.WriteAllTextAsync(ChildPath("failed"), refusal.Message);
    }

    private static string ChildPath(string name) => Path.Combine(Environment.GetEnvironmentVariable(DirectoryVariable)!, name);

    private static byte[] Key(long number) => BitConverter.GetBytes(System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(number));

    private static int ValueSize(long number) => (int)(number * 7919 % 20_000);

    private void Start(string test, string? shell = null)
    {
        var program = Path.Combine(AppContext.BaseDirectory, typeof(KillTests).Assembly.GetName().Name!);
        string[] arguments = ["-explicit", "only", "-method", $"{typeof(KillTests).FullName}.{test}"];
        var start = shell is null ? new ProcessStartInfo(program, arguments) : new ProcessStartInfo("bash", ["-c", shell, program, .. arguments]);
        start.RedirectStandardOutput = true;
        start.Environment[DirectoryVariable] = _folder.Path;
        // Or .NET itself would meet the file size limit, with the memory file behind its executable pages.
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        _child?.Dispose();
        _child = Process.Start(start)!;
        _child.OutputDataReceived += (_, line) => Trace.WriteLine(line.Data);
        _child.BeginOutputReadLine();
    }

    private long Answered()
    {
        try
        {
            using var file = File.OpenHandle(_folder["answered"], FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var bytes = new byte[8];
            return RandomAccess.Read(file, bytes, 0) == 8 ? BitConverter.ToInt64(bytes) : 0;
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }
}
