using Kimura.Chain;
using Kimura.Silo.Configuration;
using Kimura.Storage;
using Kimura.Storage.Log;
using Kimura.Storage.Postgres;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Cluster;

/// <summary>Opens the cluster's log at the start of a silo.</summary>
internal static partial class ClusterLog
{
    // A silo and its database are often started together.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <exception cref="StorageException">The database is refused, or did not answer in time (Failed).</exception>
    public static async Task<PostgresLog> OpenAsync(
        NodeConfiguration configuration, ClusterDatabase database, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        for (var isFirst = true; ; isFirst = false)
        {
            try
            {
                return await PostgresLogOpening.OpenAsync(database, configuration.ClusterId, configuration.Chain, time, logger);
            }
            catch (LogUnavailableException exception) when (time.GetElapsedTime(started) < Patience)
            {
                if (isFirst)
                {
                    LogWaiting(logger, database, exception.Message);
                }

                await Task.Delay(Pause, time, cancellationToken);
            }
            catch (LogUnavailableException exception)
            {
                throw new StorageException(StorageFault.Failed, $"{database}: {exception.Message}", exception);
            }
        }
    }

    /// <summary>
    /// Before the key is loaded: a silo with the leader flag must have the cluster's key, and makes one only where the cluster has none.
    /// </summary>
    /// <exception cref="ConfigurationException">It has no key file, but the cluster has a key.</exception>
    public static void CheckKeyFile(NodeConfiguration configuration, PublicKey? clusterKey)
    {
        if (configuration.IsLeader && clusterKey is { } key && configuration.KeyFile is null && !File.Exists(configuration.KeyPath))
        {
            throw new ConfigurationException(
                $"--{OptionTable.Leader}: this silo cannot lead without the cluster's key ({key}): copy the key file of another leader-flagged silo to {configuration.KeyPath}, "
                + $"or name it with --{OptionTable.KeyFile}, or start the silo with --{OptionTable.Leader} false");
        }
    }

    /// <summary>After the key is loaded: it becomes the cluster's where there was none, and must be it otherwise, unless a schedule says whose blocks count.</summary>
    /// <exception cref="ConfigurationException">It is another key.</exception>
    public static async Task<PublicKey?> AgreeAsync(NodeConfiguration configuration, PostgresLog log, PublicKey? own)
    {
        var key = await log.AgreeOnLeaderKeyAsync(own);
        if (own is { } mine && key != mine && configuration.LeaderKeys.Count == 0)
        {
            throw new ConfigurationException(
                $"--{OptionTable.Leader}: this silo cannot lead: its key file holds {mine}, but the cluster's blocks are signed with {key}: copy the key file of another leader-flagged silo, "
                + $"or start the silo with --{OptionTable.Leader} false");
        }

        return key;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Waiting for {Database}: {Reason}")]
    private static partial void LogWaiting(ILogger logger, ClusterDatabase database, string reason);
}
