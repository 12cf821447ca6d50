using Kimura.Chain.Blocks;
using Kimura.Cryptography;
using Kimura.Libp2p.Identities;
using Kimura.Silo.Hosting;
using Kimura.Storage.KeyValue;
using Kimura.Storage.SignGuard;
using Kimura.Tests.Simulation.Disk;
using PublicKey = Kimura.Chain.PublicKey;

namespace Kimura.Tests.Simulation.Node;

/// <summary>The data directory of one life of a node: keys that were drawn, everything else on its machine's disk.</summary>
internal sealed class SimFiles(Platter platter, byte[] peerSeed, byte[]? leaderKey, SimStore store, SimGuard guard) : INodeFiles
{
    public string PinPath => "leader.pin";

    public Identity LoadIdentity() => Identity.FromEd25519Seed(peerSeed);

    public BlockSigner LoadSigner() => new(PrivateKey.FromBytes(leaderKey!));

    public PublicKey? ReadPin() => platter.Pin is { } pin ? new PublicKey(pin) : null;

    public void KeepPin(PublicKey key) => platter.Pin = key.ToArray();

    public Task<IKeyValueStore> OpenStoreAsync() => Task.FromResult<IKeyValueStore>(store);

    public ISignGuard OpenGuard() => guard;
}
