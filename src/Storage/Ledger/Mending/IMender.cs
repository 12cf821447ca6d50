namespace Kimura.Storage.Ledger.Mending;

/// <summary>
/// Told of damage by whoever meets it, and puts the true bytes back where it can; registered by a host that may have peers to ask. Any
/// thread may call.
/// </summary>
public interface IMender
{
    /// <summary>True where the damage is mended and reading again gives the true bytes. Not to be called while the store commits a block.</summary>
    Task<bool> MendAsync(Damage damage, StorageException found);

    /// <summary>Damage that was got around at the place where it was met: said so, counted, and mended by the next scrub.</summary>
    void Report(Damage damage, StorageException found);
}
