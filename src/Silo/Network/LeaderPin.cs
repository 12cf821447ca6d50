using Kimura.Chain;
using Kimura.Grains;
using Kimura.Libp2p.Identities;
using Kimura.Silo.Hosting;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Network;

/// <summary>
/// The leader key of a peer that was given none: what the first node that it dialled said, kept in the data directory from then on
/// (protocol section 8).
/// </summary>
internal sealed partial class LeaderPin(NodeOptions options, INodeFiles files, ILogger<LeaderPin> logger)
{
    private readonly Lock _gate = new();

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
            files.KeepPin(key);
            options.Producers.TryPin(key);
            LogPinned(logger, key, teller, files.PinPath);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Pinned leader key {Key}, as {Peer} told it: kept in {Path}. Compare it with the leader's")]
    private static partial void LogPinned(ILogger logger, PublicKey key, PeerId peer, string path);
}
