namespace Kimura.Cryptography;

/// <summary>BLAKE3 for input that arrives in pieces. Not thread-safe; may go on after <see cref="Finish"/>, and be reset.</summary>
public sealed class Blake3Hasher
{
    private Blake3Hasher()
    {
    }

    /// <summary>The plain hash mode.</summary>
    public static Blake3Hasher Create() => throw new NotImplementedException();

    /// <summary>The keyed mode.</summary>
    public static Blake3Hasher CreateKeyed(ReadOnlySpan<byte> key) => throw new NotImplementedException();

    /// <summary>The key-derivation mode.</summary>
    public static Blake3Hasher CreateDeriveKey(ReadOnlySpan<byte> context) => throw new NotImplementedException();

    /// <summary>Takes the next piece.</summary>
    public void Update(ReadOnlySpan<byte> input) => throw new NotImplementedException();

    /// <summary>Writes the hash of everything taken so far.</summary>
    public void Finish(Span<byte> output) => throw new NotImplementedException();

    /// <summary>Starts anew in the same mode and with the same key.</summary>
    public void Reset() => throw new NotImplementedException();
}
