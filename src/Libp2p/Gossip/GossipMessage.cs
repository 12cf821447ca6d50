using Kimura.Libp2p.Identities;

namespace Kimura.Libp2p.Gossip;

/// <summary>A message of a topic, from the peer that forwarded it.</summary>
/// <param name="From">Who sent it here, not necessarily its author.</param>
/// <param name="Topic">The topic.</param>
/// <param name="Data">The data.</param>
public sealed record GossipMessage(PeerId From, string Topic, ReadOnlyMemory<byte> Data);

/// <summary>What becomes of a message.</summary>
public enum GossipVerdict
{
    /// <summary>Not said: ignored.</summary>
    Unspecified,

    /// <summary>Valid: forwarded.</summary>
    Accept,

    /// <summary>Not forwarded, and nobody's fault.</summary>
    Ignore,

    /// <summary>Invalid: not forwarded, and who sent it loses score.</summary>
    Reject,
}

/// <summary>Takes and judges a message; it is forwarded only afterwards. Called once a message, several at a time.</summary>
public delegate ValueTask<GossipVerdict> GossipValidator(GossipMessage message, CancellationToken cancellation);
