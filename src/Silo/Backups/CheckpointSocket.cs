using System.Net.Sockets;
using Kimura.Silo.Hosting;
using Kimura.Storage;
using Kimura.Storage.Backup;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Backups;

/// <summary>
/// Lets the tool have copies of the database while the node runs: over a Unix domain socket in the data directory, mode 0600, so nobody but the
/// node's own user (and root) reaches it, and nothing of it is on the network. How they speak: <see cref="CheckpointReply"/>.
/// </summary>
internal sealed partial class CheckpointSocket(
    BackupOptions options, Checkpoints checkpoints, TimeProvider time, ILogger<CheckpointSocket> logger) : IHostedService, IDisposable
{
    private const int Callers = 4;
    private static readonly TimeSpan RequestTime = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stopping = new();
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            checkpoints.Clean();
        }
        catch (StorageException exception)
        {
            LogNotCleaned(logger, exception);
        }

        if (options.SocketPath.Length > BackupOptions.LongestSocketPath)
        {
            LogPathTooLong(logger, options.SocketPath, BackupOptions.LongestSocketPath);
            return Task.CompletedTask;
        }

        try
        {
            _listener = Listen(options.SocketPath);
        }
        catch (Exception exception) when (exception is SocketException or IOException or UnauthorizedAccessException)
        {
            // The file system has no sockets, perhaps: the node does its work, and its own schedule needs none.
            LogNoSocket(logger, options.SocketPath, exception);
            return Task.CompletedTask;
        }

        _accepting = AcceptAsync(_listener);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        _listener?.Dispose();

        // Where a copy is just being made, the store waits for it when it closes.
        await Task.WhenAny(_accepting, Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken));
        if (_listener is not null)
        {
            File.Delete(options.SocketPath);
        }
    }

    public void Dispose()
    {
        _listener?.Dispose();
        _stopping.Dispose();
    }

    // The mode is set before anybody can connect: until it listens, a socket refuses.
    private static Socket Listen(string path)
    {
        File.Delete(path);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(new UnixDomainSocketEndPoint(path));
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            listener.Listen(Callers);
            return listener;
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                serving.RemoveAll(call => call.IsCompleted);
                if (serving.Count < Callers)
                {
                    serving.Add(ServeAsync(await AcceptOneAsync(listener)));
                }
                else
                {
                    await Task.WhenAny(serving);
                }
            }
        }
        catch (Exception exception) when (_stopping.IsCancellationRequested && exception is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The node stops, and those who still hold a copy let go of it.
            await Task.WhenAll(serving);
        }
    }

    // Without a file handle to spare, for example, it tries again.
    private async Task<Socket> AcceptOneAsync(Socket listener)
    {
        while (true)
        {
            try
            {
                return await listener.AcceptAsync(_stopping.Token);
            }
            catch (SocketException exception) when (!_stopping.IsCancellationRequested)
            {
                LogBroken(logger, exception);
                await Task.Delay(RequestTime, time, _stopping.Token);
            }
        }
    }

    private async Task ServeAsync(Socket caller)
    {
        try
        {
            using (caller)
            {
                await ServeOpenAsync(caller);
            }
        }
        catch (OperationCanceledException)
        {
            // The caller took too long to say what it wants, or the node stops.
        }
        catch (Exception exception) when (exception is SocketException or StorageException)
        {
            LogBroken(logger, exception);
        }
    }

    private async Task ServeOpenAsync(Socket caller)
    {
        using var limit = new CancellationTokenSource(RequestTime, time);
        using var asking = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token, limit.Token);
        if (await SocketLine.ReceiveAsync(caller, CheckpointReply.Request.Length + 1, asking.Token) != CheckpointReply.Request)
        {
            await SocketLine.SendAsync(caller, Refusal("the node does not know this request: use the tool of the node's own version"), asking.Token);
            return;
        }

        Checkpoint? checkpoint;
        try
        {
            checkpoint = await checkpoints.TryTakeAsync();
        }
        catch (StorageException exception)
        {
            await SocketLine.SendAsync(caller, Refusal(exception.Message), _stopping.Token);
            throw;
        }

        using (checkpoint)
        {
            if (checkpoint is null)
            {
                await SocketLine.SendAsync(caller, Refusal("another backup of this node is being made"), _stopping.Token);
                return;
            }

            var keys = options.LeaderKeys.Select(key => $"{key.Key}@{key.Height}").ToList();
            await SocketLine.SendAsync(caller, new CheckpointReply(Path.GetFileName(checkpoint.Path), KimuraNode.Version, keys, null).Encode(), _stopping.Token);

            // Until it lets go.
            await SocketLine.ReceiveAsync(caller, 1, _stopping.Token);
        }
    }

    private static string Refusal(string error) => new CheckpointReply(null, KimuraNode.Version, [], error).Encode();

    [LoggerMessage(Level = LogLevel.Warning, Message = "No backup can be asked for while the node runs: the path {Path} is longer than {Longest} characters")]
    private static partial void LogPathTooLong(ILogger logger, string path, int longest);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No backup can be asked for while the node runs: the socket {Path} cannot be had")]
    private static partial void LogNoSocket(ILogger logger, string path, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Copies for backups that an earlier process left are still there")]
    private static partial void LogNotCleaned(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A backup was cut off")]
    private static partial void LogBroken(ILogger logger, Exception exception);
}
