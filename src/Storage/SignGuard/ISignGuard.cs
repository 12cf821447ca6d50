namespace Kimura.Storage.SignGuard;

/// <summary>
/// Remembers, beside the key, the last block that was signed with it (protocol section 4), so that a database put back to an
/// older state is noticed before the key signs a height twice.
/// </summary>
public interface ISignGuard : IDisposable
{
    /// <summary>The last recorded block, or null where none was ever recorded.</summary>
    SignedBlock? Last { get; }

    /// <summary>Records a block; completes after the file is on disk. Heights only grow, except after <see cref="AcceptLossAsync"/>.</summary>
    ValueTask RecordAsync(SignedBlock block);

    /// <summary>Sets the record back to where the database is (<c>--accept-lost-blocks</c>); null forgets it.</summary>
    ValueTask AcceptLossAsync(SignedBlock? block);
}

/// <summary>Height and 32-byte hash of a signed block.</summary>
public readonly record struct SignedBlock(ulong Height, ReadOnlyMemory<byte> Hash);
