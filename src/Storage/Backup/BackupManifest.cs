using Kimura.Chain;

namespace Kimura.Storage.Backup;

/// <summary>One file of the database in a backup.</summary>
/// <param name="Name">Its name in the database's directory.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Hash">BLAKE3 of them, which also names the object that holds them.</param>
/// <param name="StoredSize">Bytes of that object.</param>
public sealed record BackupFile(string Name, long Size, Hash32 Hash, long StoredSize);

/// <summary>Whose blocks count from a height on.</summary>
public readonly record struct LeaderKeyFrom(ulong Height, PublicKey Key);

/// <summary>What a backup is: the chain that it holds, and the files. <see cref="ManifestCodec"/> gives the bytes.</summary>
public sealed record BackupManifest
{
    /// <summary>The backup's name, which sorts by time: <c>20261128T222103.123Z-h1234</c>.</summary>
    public required string Name { get; init; }

    /// <summary>When it was made, to the millisecond.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>The version of the node that made it.</summary>
    public required string NodeVersion { get; init; }

    /// <summary>What the database says of its chain.</summary>
    public required ChainFacts Chain { get; init; }

    /// <summary>Whose blocks the node believed; empty where it had none yet.</summary>
    public required IReadOnlyList<LeaderKeyFrom> LeaderKeys { get; init; }

    /// <summary>The database's files, by name.</summary>
    public required IReadOnlyList<BackupFile> Files { get; init; }

    /// <summary>Bytes of all files.</summary>
    public long Size => Files.Sum(file => file.Size);
}
