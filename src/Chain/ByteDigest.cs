using Kimura.Cryptography;

namespace Kimura.Chain;

/// <summary>BLAKE3 of bytes that come in pieces. Not thread-safe.</summary>
public sealed class ByteDigest
{
    private readonly Blake3Hasher _hasher = Blake3Hasher.Create();

    /// <summary>Takes the next piece.</summary>
    public void Add(ReadOnlySpan<byte> bytes) => _hasher.Update(bytes);

    /// <summary>The digest of what came so far; more may follow.</summary>
    public Hash32 Current()
    {
        Span<byte> digest = stackalloc byte[Hash32.Size];
        _hasher.Finish(digest);
        return new Hash32(digest);
    }
}
