using System.Runtime.CompilerServices;
using Kimura.Cryptography.Blake3Core;

namespace Kimura.Cryptography;

/// <summary>
/// BLAKE3 in its three modes, one-shot, without allocation ("BLAKE3: one function, fast everywhere", O'Connor, Aumasson,
/// Neves and Wilcox-O'Hearn, section 2). Any output length is allowed; 32 bytes is the default.
/// </summary>
public static class Blake3
{
    /// <summary>Bytes of a default-length hash.</summary>
    public const int HashSize = 32;

    /// <summary>Bytes of the key of the keyed mode.</summary>
    public const int KeySize = 32;

    /// <summary>Writes the hash of <paramref name="input"/>, as many bytes as <paramref name="output"/> has room for.</summary>
    public static void Hash(ReadOnlySpan<byte> input, Span<byte> output) => OneShot.Hash(Mode.Plain, input, output, SimdPaths.Best);

    /// <summary>The keyed mode: <paramref name="key"/> is <see cref="KeySize"/> bytes.</summary>
    /// <exception cref="ArgumentException">The key has another length.</exception>
    [SkipLocalsInit]
    public static void KeyedHash(ReadOnlySpan<byte> key, ReadOnlySpan<byte> input, Span<byte> output)
    {
        Span<uint> words = stackalloc uint[Format.KeyWords];
        OneShot.Hash(Mode.Keyed(key, words), input, output, SimdPaths.Best);
    }

    /// <summary>The key-derivation mode: <paramref name="context"/> is the UTF-8 of a hard-coded, globally unique string.</summary>
    [SkipLocalsInit]
    public static void DeriveKey(ReadOnlySpan<byte> context, ReadOnlySpan<byte> keyMaterial, Span<byte> output)
    {
        Span<uint> words = stackalloc uint[Format.KeyWords];
        OneShot.Hash(Mode.DeriveKey(context, words), keyMaterial, output, SimdPaths.Best);
    }
}
