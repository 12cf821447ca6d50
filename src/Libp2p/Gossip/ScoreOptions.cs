using Kimura.Libp2p.Identities;

namespace Kimura.Libp2p.Gossip;

/// <summary>Peer scoring (libp2p/specs, gossipsub-v1.1, peer scoring). Counters decay with each heartbeat.</summary>
public sealed record ScoreOptions
{
    /// <summary>P1: for each second in a mesh. Default 0.01.</summary>
    public double TimeInMeshWeight { get; init; } = 0.01;

    /// <summary>P1: most seconds that count. Default 300.</summary>
    public double TimeInMeshCap { get; init; } = 300;

    /// <summary>P2: for each message delivered first. Default 0.5.</summary>
    public double FirstDeliveryWeight { get; init; } = 0.5;

    /// <summary>P2: most messages that count. Default 100.</summary>
    public double FirstDeliveryCap { get; init; } = 100;

    /// <summary>P3 and P3b: for the square of missing deliveries. Default 0, right for topics with few messages.</summary>
    public double DeliveryDeficitWeight { get; init; }

    /// <summary>P3: deliveries below which there is a deficit. Default 1.</summary>
    public double DeliveryThreshold { get; init; } = 1;

    /// <summary>P3: time in the mesh before deliveries are asked for. Default 60 s.</summary>
    public TimeSpan DeliveryActivation { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>P4: for the square of invalid messages. Default -20.</summary>
    public double InvalidWeight { get; init; } = -20;

    /// <summary>Most that the topics together can add. Default 100.</summary>
    public double TopicCap { get; init; } = 100;

    /// <summary>
    /// P5: the application's own score of a peer. Asked when a peer comes and once a heartbeat, outside of all locks; where it throws, the
    /// score stays as it was. Default: none.
    /// </summary>
    public Func<PeerId, double>? Application { get; init; }

    /// <summary>P6: for the square of the peers at one address beyond the threshold. Default -5.</summary>
    public double AddressWeight { get; init; } = -5;

    /// <summary>P6: peers at one address that are fine. Default 10.</summary>
    public int AddressThreshold { get; init; } = 10;

    /// <summary>P6: addresses (text of the IP) that do not count. Default: loopback.</summary>
    public IReadOnlyList<string> AddressesNotCounted { get; init; } = ["127.0.0.1", "0000000000000000"];

    /// <summary>P7: for the square of broken promises and other bad conduct. Default -10.</summary>
    public double ConductWeight { get; init; } = -10;

    /// <summary>What is left of deliveries and invalid messages after a heartbeat. Default 0.99.</summary>
    public double Decay { get; init; } = 0.99;

    /// <summary>What is left of bad conduct after a heartbeat. Default 0.8.</summary>
    public double ConductDecay { get; init; } = 0.8;

    /// <summary>Below it a peer's gossip is ignored and it gets none. Default -10.</summary>
    public double GossipThreshold { get; init; } = -10;

    /// <summary>Below it a peer does not get own messages. Default -50.</summary>
    public double PublishThreshold { get; init; } = -50;

    /// <summary>Below it all that a peer sends is ignored, and it is disconnected. Default -80.</summary>
    public double GraylistThreshold { get; init; } = -80;

    /// <summary>A mesh whose median is below it takes in better peers. Default 1.</summary>
    public double OpportunisticThreshold { get; init; } = 1;

    /// <summary>How long the bad score of a peer that left is kept at most; it decays as if the peer were there. Default 1 h.</summary>
    public TimeSpan RetainFor { get; init; } = TimeSpan.FromHours(1);
}
