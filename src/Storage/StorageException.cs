using Kimura.Storage.Ledger.Mending;

namespace Kimura.Storage;

/// <summary>What kind of trouble the disk gave; decides the exit code (protocol section 8).</summary>
public enum StorageFault
{
    /// <summary>Not said: never thrown.</summary>
    Unspecified = 0,

    /// <summary>The database is of another schema, chain or genesis, or has lost blocks: refused (exit 3).</summary>
    Refused,

    /// <summary>Stored bytes are damaged (exit 3).</summary>
    Corrupt,

    /// <summary>Another process holds the database (exit 4).</summary>
    Locked,

    /// <summary>A read or write failed while running (exit 5).</summary>
    Failed,
}

/// <summary>The disk cannot be used, or not any more; the message is one line for the operator.</summary>
public sealed class StorageException(StorageFault fault, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The kind of trouble.</summary>
    public StorageFault Fault { get; } = fault;

    /// <summary>What of the chain is damaged, where that is known: it can be put back from a peer.</summary>
    public Damage? Damage { get; init; }

    /// <summary>
    /// True where the database's own files are damaged, so that nobody knows what else is: writing the one value again does not make them whole.
    /// </summary>
    public bool InFiles { get; init; }
}
