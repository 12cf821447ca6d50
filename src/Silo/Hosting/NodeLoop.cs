using Kimura.Silo.Configuration;
using Kimura.Storage;
using Kimura.Storage.RocksDb;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Hosting;

/// <summary>Runs a node until it is told to stop, and starts it anew where the database met damage in its own files: the start builds it anew.</summary>
public static partial class NodeLoop
{
    private const int MaxRestarts = 3;

    /// <summary>Null where the node was told to stop; otherwise the failure that it could not go on from.</summary>
    /// <exception cref="OperationCanceledException">It was told to stop while it started.</exception>
    public static async Task<StorageException?> RunAsync(
        NodeConfiguration configuration, TimeProvider time, Action<ILoggingBuilder> logging, Action<KimuraNode> started, ILogger logger, CancellationToken stopping)
    {
        for (var restarts = 0; ; restarts++)
        {
            StorageException? failure;
            await using (var node = await KimuraNode.StartAsync(configuration, time, logging, stopping))
            {
                started(node);
                await Task.WhenAny(node.Failed, Task.Delay(Timeout.InfiniteTimeSpan, time, stopping));
                failure = node.Failed.IsCompleted ? await node.Failed : null;

                // Whoever knows this node knows it by this.
                configuration = configuration with { RpcPort = node.RpcAddress.Port };
            }

            // Damage that the database met by itself, in a compaction.
            if (failure is not { InFiles: true } || restarts == MaxRestarts)
            {
                return failure;
            }

            LogRestart(logger, failure.Message.ReplaceLineEndings(" "));
            new DatabaseFolders(configuration.DatabaseDirectory).NoteDamage(failure.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Starting anew, because the database's files are damaged: {What}")]
    private static partial void LogRestart(ILogger logger, string what);
}
