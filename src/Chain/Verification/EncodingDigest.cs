using Kimura.Chain.Blocks;

namespace Kimura.Chain.Verification;

/// <summary>
/// BLAKE3 over the encodings of blocks, one after the other. Kept with the height that a check has covered, it shows any changed
/// byte of those blocks, signatures included, without verifying a signature again.
/// </summary>
public sealed class EncodingDigest
{
    private readonly ByteDigest _digest = new();

    /// <summary>Takes the next block.</summary>
    public void Add(Block block) => _digest.Add(block.Encoding.Span);

    /// <summary>The digest of the blocks so far; more may follow.</summary>
    public Hash32 Current() => _digest.Current();
}
