namespace Kimura.Cryptography.Blake3Core;

/// <summary>What differs between hashing many chunks and many parents.</summary>
/// <param name="First">The flag of an input's first block.</param>
/// <param name="Last">The flag of its last block.</param>
/// <param name="Step">How far the counter moves from input to input.</param>
internal readonly record struct ManyFlags(uint First, uint Last, uint Step)
{
    public static ManyFlags Chunks => new(Format.ChunkStart, Format.ChunkEnd, 1);

    public static ManyFlags Parents => new(Format.Parent, Format.Parent, 0);

    /// <summary>The flags of one block.</summary>
    public uint At(int block, int blocks) => (block == 0 ? First : 0) | (block == blocks - 1 ? Last : 0);
}
