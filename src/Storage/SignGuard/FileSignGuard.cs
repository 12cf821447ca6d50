namespace Kimura.Storage.SignGuard;

/// <summary>The sign guard in a small file, two checksummed slots written in turn.</summary>
public sealed class FileSignGuard : ISignGuard
{
    private FileSignGuard()
    {
    }

    /// <summary>Opens or creates the file (mode 0600).</summary>
    /// <exception cref="StorageException">Both slots are damaged (Corrupt), or the file cannot be read or written (Failed).</exception>
    public static FileSignGuard Open(string path) => throw new NotImplementedException();

    /// <inheritdoc />
    public SignedBlock? Last => throw new NotImplementedException();

    /// <inheritdoc />
    public ValueTask RecordAsync(SignedBlock block) => throw new NotImplementedException();

    /// <inheritdoc />
    public ValueTask AcceptLossAsync(SignedBlock? block) => throw new NotImplementedException();

    /// <inheritdoc />
    public void Dispose() => throw new NotImplementedException();
}
