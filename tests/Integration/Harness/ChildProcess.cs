using System.Diagnostics;

namespace Kimura.Tests.Integration.Harness;

/// <summary>How a process ended and what it wrote.</summary>
internal sealed record Ending(int Code, IReadOnlyList<string> Output, IReadOnlyList<string> Errors, TimeSpan Took)
{
    public override string ToString() => $"exit code {Code}\n{string.Join('\n', Output)}\n{string.Join('\n', Errors)}";
}

/// <summary>A program that this test started, its lines as they come. Killed by its id when the test lets go of it.</summary>
internal class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task _reading;

    protected ChildProcess(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (Signals.InterruptIsIgnored)
        {
            start.FileName = "env";
            start.ArgumentList.Add("--default-signal=INT");
            start.ArgumentList.Add(program);
        }
        else
        {
            start.FileName = program;
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        // What configures a node from outside must not reach the ones under test.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("KIMURA_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        // The default is one fixed port, and many nodes run at once; and a fast machine's tests call faster than a client by default may.
        start.Environment["KIMURA_LISTEN_ADDR"] = "/ip4/127.0.0.1/tcp/0";
        start.Environment["KIMURA_RATE_LIMIT"] = "0";
        foreach (var (name, value) in Engine.Environment.Concat(environment ?? new Dictionary<string, string>()))
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _process.StandardInput.Close();
        _reading = Task.WhenAll(Output.ReadAsync(_process.StandardOutput), Errors.ReadAsync(_process.StandardError));
    }

    public LineLog Output { get; } = new();

    public LineLog Errors { get; } = new();

    public int Id => _process.Id;

    public bool HasEnded => _process.HasExited;

    public static ChildProcess Start(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null) =>
        new(program, arguments, environment);

    /// <summary>Runs a program to its end.</summary>
    public static async Task<Ending> RunAsync(
        string program, IEnumerable<string> arguments, TimeSpan? limit = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        await using var process = new ChildProcess(program, arguments, environment);
        return await process.EndAsync(limit);
    }

    public void Signal(int signal) => Signals.Send(_process.Id, signal);

    /// <summary>Kills it, if it has not ended by itself, and waits for the end.</summary>
    public Task<Ending> KillAsync()
    {
        _process.Kill();
        return EndAsync();
    }

    /// <summary>Sends the signal and waits for the end.</summary>
    public Task<Ending> EndAsync(int signal, TimeSpan? limit = null)
    {
        Signal(signal);
        return EndAsync(limit);
    }

    /// <summary>Waits for the end and for the last line.</summary>
    /// <exception cref="TimeoutException">It still runs after the limit.</exception>
    public async Task<Ending> EndAsync(TimeSpan? limit = null)
    {
        var started = Stopwatch.GetTimestamp();
        using var expiry = new CancellationTokenSource(limit ?? Limits.Exit);
        try
        {
            await _process.WaitForExitAsync(expiry.Token);
            var took = Stopwatch.GetElapsedTime(started);
            await _reading.WaitAsync(expiry.Token);
            return new Ending(_process.ExitCode, Output.Lines, Errors.Lines, took);
        }
        catch (OperationCanceledException expired)
        {
            throw new TimeoutException($"the process still runs; its last lines are:\n{string.Join('\n', Errors.Lines.TakeLast(20))}", expired);
        }
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }
}
