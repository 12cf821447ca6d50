using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Libp2p.Identities;
using Kimura.Storage.KeyValue;
using Kimura.Storage.RocksDb;
using Kimura.Storage.SignGuard;

namespace Kimura.Silo.Hosting;

/// <summary>What a node keeps: its keys, the leader key that it pinned, its sign guard and its database.</summary>
internal interface INodeFiles
{
    /// <summary>Where the pinned leader key is kept, for the log.</summary>
    string PinPath { get; }

    /// <summary>The node's name in the network; made where there is none.</summary>
    /// <exception cref="Cryptography.KeyFileException">It cannot be read or written, or others can read it.</exception>
    Identity LoadIdentity();

    /// <summary>The leader's key; made where there is none and none was named.</summary>
    /// <exception cref="Cryptography.KeyFileException">It cannot be read or written, or others can read it.</exception>
    BlockSigner LoadSigner();

    /// <summary>The leader key that was pinned, or null.</summary>
    /// <exception cref="Configuration.ConfigurationException">What is kept is no key.</exception>
    PublicKey? ReadPin();

    /// <summary>Keeps the pinned leader key; on disk when it returns.</summary>
    void KeepPin(PublicKey key);

    /// <summary>
    /// Holds the pinned key against the key that made the database's last block: where one flipped bit is all between them, the bit is turned back.
    /// The chain was verified with the key that was pinned, so it knows it.
    /// </summary>
    void MendPin(in BlockHeader tip)
    {
    }

    /// <summary>The database's folders, where it is one that can be built anew beside a damaged one; null where it is not.</summary>
    DatabaseFolders? Folders => null;

    /// <summary>Opens the database, which the caller closes.</summary>
    /// <exception cref="Storage.StorageException">It is damaged, locked or fails.</exception>
    Task<IKeyValueStore> OpenStoreAsync();

    /// <summary>Opens the sign guard, which the caller closes.</summary>
    /// <exception cref="Storage.StorageException">It is damaged, locked or fails.</exception>
    ISignGuard OpenGuard();
}
