using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Kimura.Libp2p.Addressing;
using Xunit;

namespace Kimura.Tests.Integration.Harness;

/// <summary>A node as its user runs it: the built program, on a free port.</summary>
internal sealed partial class NodeProcess : ChildProcess
{
    private readonly long _started = Stopwatch.GetTimestamp();

    private NodeProcess(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment)
        : base(program, arguments, environment)
    {
    }

    /// <summary>From the start of the process to its ready line.</summary>
    public TimeSpan TimeToReady { get; private set; }

    /// <summary>Where the gateway answers; known when the node is ready.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>Where other nodes reach it, with its peer id; known when the node is ready.</summary>
    public Multiaddress NetworkAddress { get; private set; } = null!;

    /// <summary>Starts a node with exactly these options, and does not wait for it.</summary>
    public static NodeProcess Launch(IEnumerable<string> options, IReadOnlyDictionary<string, string>? environment = null) =>
        new("dotnet", [Repository.NodeProgram, .. options], environment);

    /// <summary>The same below a program that runs it.</summary>
    public static NodeProcess LaunchUnder(string program, IEnumerable<string> arguments, IEnumerable<string> options) =>
        new(program, [.. arguments, "dotnet", Repository.NodeProgram, .. options], environment: null);

    /// <summary>Starts a node in a data directory, on a free port, and waits until it is ready.</summary>
    public static async Task<NodeProcess> StartAsync(string dbPath, params string[] options)
    {
        var node = Launch(["--db-path", dbPath, "--rpc-port", "0", "--listen-addr", "/ip4/127.0.0.1/tcp/0", .. options]);
        try
        {
            await node.ReadyAsync();
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>The same with a block every 100 ms.</summary>
    public static Task<NodeProcess> StartTestModeAsync(string dbPath, params string[] options) =>
        StartAsync(dbPath, ["--test-mode", .. options]);

    /// <summary>Starts a node that follows what is at an address, and makes no blocks.</summary>
    public static Task<NodeProcess> StartPeerAsync(string dbPath, Multiaddress address, params string[] options) =>
        StartAsync(dbPath, ["--leader-address", address.ToString(), .. options]);

    /// <summary>Runs a node that is expected to refuse.</summary>
    public static async Task<Ending> RunAsync(params string[] options)
    {
        await using var node = Launch(options);
        return await node.EndAsync(Limits.Start);
    }

    /// <summary>Waits for the line that says ready.</summary>
    public async Task ReadyAsync(TimeSpan? limit = null)
    {
        if (!await TryReadyAsync(limit))
        {
            Assert.Fail($"the node ended before it was ready: {await EndAsync()}");
        }
    }

    /// <summary>The same; false where it ends before.</summary>
    public async Task<bool> TryReadyAsync(TimeSpan? limit = null)
    {
        var line = await Output.FindAsync(line => line.Contains("ready", StringComparison.Ordinal), limit ?? Limits.Start);
        TimeToReady = Stopwatch.GetElapsedTime(_started);
        if (line is null)
        {
            return false;
        }

        Address = new Uri(AddressPattern().Match(line).Value);
        NetworkAddress = Multiaddress.Parse(Output.Lines.First(line => line.StartsWith("/ip4/", StringComparison.Ordinal)));
        return true;
    }

    /// <summary>A client of this node; the caller disposes it.</summary>
    public RpcClient Client() => new(Address);

    /// <summary>The first number in a log line, awaited.</summary>
    public async Task<ulong> LoggedNumberAsync(string before)
    {
        var line = await Errors.FindAsync(line => line.Contains(before, StringComparison.Ordinal), Limits.Step);
        Assert.True(line is not null, $"the node ended without logging '{before}'");
        var digits = line[(line.IndexOf(before, StringComparison.Ordinal) + before.Length)..].TrimStart().TakeWhile(char.IsAsciiDigit);
        return ulong.Parse(string.Concat(digits), CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:[0-9]+/", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex AddressPattern();
}
