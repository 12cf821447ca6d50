using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kimura.Libp2p.Addressing;
using Xunit;

namespace Kimura.Tests.Interop;

/// <summary>A js-libp2p peer in a process of its own, driven by lines of JSON (js/peer.mjs).</summary>
internal sealed class JsPeer : IAsyncDisposable
{
    /// <summary>Longest wait for anything.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private const int OldestNode = 20;
    private const string HowToInstall =
        "install it with 'nvm install 22' (github.com/nvm-sh/nvm), from deb.nodesource.com, or from nodejs.org/en/download.";
    private static readonly TimeSpan InstallPatience = TimeSpan.FromMinutes(3);
    private static readonly SemaphoreSlim Installing = new(1);
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonObject>> _asked = new();
    private readonly TaskCompletionSource<JsonObject> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _errors = new();
    private int _lastId;

    private JsPeer(Process process) => _process = process;

    public string Id { get; private set; } = string.Empty;

    public Multiaddress Address { get; private set; } = null!;

    /// <summary>Messages of the topic that came in: their sizes and hashes.</summary>
    public ConcurrentQueue<(int Size, string Sha256)> Messages { get; } = new();

    /// <summary>Starts a peer, or skips the test where there is no Node.js that can run it.</summary>
    public static async Task<JsPeer> StartAsync(string keyType)
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "js");
        await RequireNodeAsync(folder);
        Process process = Process.Start(Command("node", folder, "peer.mjs", keyType))!;
        JsPeer peer = new(process);
        process.OutputDataReceived += (_, line) => peer.OnLine(line.Data);
        process.ErrorDataReceived += (_, line) => peer._errors.Enqueue(line.Data ?? string.Empty);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => peer._ready.TrySetException(
            new InvalidOperationException($"The js peer ended before it was ready: {string.Join('\n', peer._errors)}"));
        JsonObject ready = await peer._ready.Task.WaitAsync(Patience * 2);
        peer.Id = (string)ready["peer"]!;
        peer.Address = Multiaddress.Parse((string)ready["addresses"]![0]!);
        return peer;
    }

    public async Task<JsonObject> AskAsync(string command, object? arguments = null)
    {
        int id = Interlocked.Increment(ref _lastId);
        JsonObject line = JsonSerializer.SerializeToNode(arguments ?? new { })!.AsObject();
        line["id"] = id;
        line["command"] = command;
        TaskCompletionSource<JsonObject> answer = _asked[id] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await _process.StandardInput.WriteLineAsync(line.ToJsonString());
        await _process.StandardInput.FlushAsync();
        JsonObject result = await answer.Task.WaitAsync(Patience);
        Assert.True(result["error"] is null, $"{command}: {result["error"]}");
        return result;
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(5));
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static ProcessStartInfo Command(string name, string folder, params string[] arguments) => new(name, arguments)
    {
        WorkingDirectory = folder,
        UseShellExecute = false,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    };

    private static async Task RequireNodeAsync(string folder)
    {
        await Installing.WaitAsync();
        try
        {
            string version = await OutputOfAsync("node", folder, "--version");
            int major = int.Parse(version.TrimStart('v').Split('.')[0], CultureInfo.InvariantCulture);
            Assert.SkipWhen(
                major < OldestNode,
                $"js-libp2p needs Node.js {OldestNode} or later, found {version.Trim()}: {HowToInstall}");
            if (!Directory.Exists(Path.Combine(folder, "node_modules", "libp2p")))
            {
                _ = await OutputOfAsync("npm", folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund");
            }
        }
        catch (Win32Exception error)
        {
            Assert.Skip($"Node.js {OldestNode} or later and npm are needed ({error.Message}): {HowToInstall}");
        }
        finally
        {
            Installing.Release();
        }
    }

    private static async Task<string> OutputOfAsync(string name, string folder, params string[] arguments)
    {
        using Process process = Process.Start(Command(name, folder, arguments))!;
        using CancellationTokenSource patience = new(InstallPatience);
        Task<string> errors = process.StandardError.ReadToEndAsync(patience.Token);
        string text;
        try
        {
            text = await process.StandardOutput.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        Assert.SkipWhen(process.ExitCode != 0, $"{name} {string.Join(' ', arguments)} failed: {await errors}");
        return text;
    }

    private void OnLine(string? line)
    {
        if (line is null || JsonNode.Parse(line) is not JsonObject said)
        {
            return;
        }

        switch ((string?)said["event"])
        {
            case "ready":
                _ready.TrySetResult(said);
                break;
            case "message":
                Messages.Enqueue(((int)said["size"]!, (string)said["sha256"]!));
                break;
            default:
                _asked.GetValueOrDefault((int)said["id"]!)?.TrySetResult(said);
                break;
        }
    }
}
