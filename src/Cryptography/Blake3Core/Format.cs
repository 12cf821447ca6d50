using System.Runtime.CompilerServices;

namespace Kimura.Cryptography.Blake3Core;

/// <summary>Sizes, initial words and domain flags of BLAKE3 (the paper, section 2.2 and table 3).</summary>
internal static class Format
{
    public const int BlockSize = 64;
    public const int ChunkSize = 1024;
    public const int BlocksPerChunk = ChunkSize / BlockSize;
    public const int KeyWords = 8;
    public const int StateWords = 16;
    public const int Rounds = 7;

    /// <summary>Chaining values that can wait in a tree over 2^64 bytes.</summary>
    public const int MaxDepth = 54;

    /// <summary>Chaining values that one call of the widest lanes yields.</summary>
    public const int MaxLanes = 8;

    public const uint ChunkStart = 1;
    public const uint ChunkEnd = 2;
    public const uint Parent = 4;
    public const uint Root = 8;
    public const uint KeyedHash = 16;
    public const uint DeriveKeyContext = 32;
    public const uint DeriveKeyMaterial = 64;

    public const uint Iv0 = 0x6A09E667;
    public const uint Iv1 = 0xBB67AE85;
    public const uint Iv2 = 0x3C6EF372;
    public const uint Iv3 = 0xA54FF53A;

    /// <summary>The key of the plain mode.</summary>
    public static ReadOnlySpan<uint> Iv => [Iv0, Iv1, Iv2, Iv3, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19];

    /// <summary>Which word of the block each mixing step takes, as byte offsets, round by round:
    /// each row is the message permutation (the paper, table 2) applied once more.</summary>
    public static ReadOnlySpan<byte> Schedule =>
    [
        0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60,
        8, 24, 12, 40, 28, 0, 16, 52, 4, 44, 48, 20, 36, 56, 60, 32,
        12, 16, 40, 48, 52, 8, 28, 56, 24, 20, 36, 0, 44, 60, 32, 4,
        40, 28, 48, 36, 56, 12, 52, 60, 16, 0, 44, 8, 20, 32, 4, 24,
        48, 52, 36, 44, 60, 40, 56, 32, 28, 8, 20, 12, 0, 4, 24, 16,
        36, 56, 44, 20, 32, 48, 60, 4, 52, 12, 0, 40, 8, 24, 16, 28,
        44, 60, 20, 0, 4, 36, 32, 24, 56, 40, 8, 48, 12, 16, 28, 52,
    ];
}

/// <summary>A chaining value or a key.</summary>
[InlineArray(Format.KeyWords)]
internal struct Words8
{
    private uint _first;
}

/// <summary>What compression works in: a chaining value in the first half before, 64 bytes of output in both halves after.</summary>
[InlineArray(Format.StateWords)]
internal struct Words16
{
    private uint _first;
}

/// <summary>One block of input.</summary>
[InlineArray(Format.BlockSize)]
internal struct Block
{
    private byte _first;
}
