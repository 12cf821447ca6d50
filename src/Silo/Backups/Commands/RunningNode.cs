using System.Net.Sockets;
using Kimura.Chain;
using Kimura.Storage;
using Kimura.Storage.Backup;

namespace Kimura.Silo.Backups.Commands;

/// <summary>A node that runs on a data directory, and the copy of its database that it has made for us: ours until this is disposed of.</summary>
internal sealed class RunningNode : IDisposable
{
    private readonly Socket _socket;

    private RunningNode(Socket socket, string checkpointPath, string version, IReadOnlyList<LeaderKeyFrom> leaderKeys)
    {
        _socket = socket;
        CheckpointPath = checkpointPath;
        Version = version;
        LeaderKeys = leaderKeys;
    }

    public string CheckpointPath { get; }

    public string Version { get; }

    public IReadOnlyList<LeaderKeyFrom> LeaderKeys { get; }

    /// <summary>Asks the node for a copy; null where none runs.</summary>
    /// <exception cref="StorageException">Locked: a backup is being made. Failed: the node refuses, or breaks off.</exception>
    public static async Task<RunningNode?> TryAskAsync(BackupOptions options, CancellationToken cancellation)
    {
        if (options.SocketPath.Length > BackupOptions.LongestSocketPath)
        {
            return null;
        }

        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(options.SocketPath), cancellation);
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.ConnectionRefused or SocketError.AddressNotAvailable or SocketError.HostNotFound
            || !File.Exists(options.SocketPath))
        {
            // None, or one that was killed and has left its socket: who holds the database decides.
            socket.Dispose();
            return null;
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw new StorageException(StorageFault.Failed, $"the node's socket {options.SocketPath} cannot be used: {exception.Message}; run this as the node's user", exception);
        }

        try
        {
            return await AskAsync(socket, options, cancellation);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose() => _socket.Dispose();

    private static async Task<RunningNode> AskAsync(Socket socket, BackupOptions options, CancellationToken cancellation)
    {
        try
        {
            await SocketLine.SendAsync(socket, CheckpointReply.Request, cancellation);
            var line = await SocketLine.ReceiveAsync(socket, CheckpointReply.MaxLine, cancellation);
            return (line is null ? null : CheckpointReply.Decode(line)) switch
            {
                { Error: { } error } => throw new StorageException(StorageFault.Locked, $"the running node gives no copy: {error}"),
                { Checkpoint: { } name } reply => new RunningNode(
                    socket, Path.Combine(options.CheckpointFolder, Path.GetFileName(name)), reply.NodeVersion, [.. reply.LeaderKeys.Select(Key)]),
                _ => throw new StorageException(StorageFault.Failed, "the running node gave no copy: it may have ended"),
            };
        }
        catch (SocketException exception)
        {
            throw new StorageException(StorageFault.Failed, $"the running node broke off: {exception.Message}", exception);
        }
    }

    private static LeaderKeyFrom Key(string text) =>
        text.Split('@') is [var hex, var height] && PublicKey.TryParse(hex, out var key) && ulong.TryParse(height, out var from)
            ? new LeaderKeyFrom(from, key)
            : throw new StorageException(StorageFault.Failed, $"the running node gave a leader key that is none: {text}");
}
