using System.Text;
using Kimura.Chain;
using Kimura.Durability;
using Kimura.Grains;
using Kimura.Libp2p.Identities;
using Kimura.Silo.Configuration;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Network;

/// <summary>
/// The leader key of a peer that was given none: what the first node that it dialled said, kept in the data directory from then on
/// (protocol section 8).
/// </summary>
internal sealed partial class LeaderPin(NodeOptions options, NetworkOptions network, ILogger<LeaderPin> logger)
{
    private readonly Lock _gate = new();

    /// <summary>The key pinned earlier, or null.</summary>
    /// <exception cref="ConfigurationException">The file holds no key.</exception>
    public static PublicKey? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            return PublicKey.TryParse(File.ReadAllText(path).Trim(), out var key)
                ? key
                : throw new ConfigurationException($"{path}: holds no leader key; remove it to pin one anew, or give --{OptionTable.LeaderKey}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path}: {exception.Message}", exception);
        }
    }

    /// <summary>Takes the key that a dialled node tells, where none is known yet.</summary>
    public void Offer(PublicKey key, PeerId teller)
    {
        lock (_gate)
        {
            if (options.Producers.IsKnown)
            {
                return;
            }

            // Kept before it is used: a restart must not follow another one.
            DurableFile.Create(network.PinPath, Encoding.ASCII.GetBytes($"{key}\n"), overwrite: true);
            options.Producers.TryPin(key);
            LogPinned(logger, key, teller, network.PinPath);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Pinned leader key {Key}, as {Peer} told it: kept in {Path}. Compare it with the leader's")]
    private static partial void LogPinned(ILogger logger, PublicKey key, PeerId peer, string path);
}
