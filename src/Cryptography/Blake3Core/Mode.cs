using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kimura.Cryptography.Blake3Core;

/// <summary>The key words that a hash starts from, and the flags that all its blocks carry.</summary>
internal readonly ref struct Mode(ReadOnlySpan<uint> key, uint flags)
{
    /// <summary>Eight words.</summary>
    public ReadOnlySpan<uint> Key { get; } = key;

    public uint Flags { get; } = flags;

    public static Mode Plain => new(Format.Iv, 0);

    /// <summary>The keyed mode; <paramref name="words"/> is room for the key.</summary>
    public static Mode Keyed(ReadOnlySpan<byte> key, Span<uint> words)
    {
        if (key.Length != Blake3.KeySize)
        {
            throw new ArgumentException($"A BLAKE3 key is {Blake3.KeySize} bytes, not {key.Length}.", nameof(key));
        }

        LoadWords(key, words);
        return new Mode(words, Format.KeyedHash);
    }

    /// <summary>The second stage of key derivation; <paramref name="words"/> is room for the hash of the context.</summary>
    public static Mode DeriveKey(ReadOnlySpan<byte> context, Span<uint> words)
    {
        Span<byte> contextKey = stackalloc byte[Blake3.KeySize];
        OneShot.Hash(new Mode(Format.Iv, Format.DeriveKeyContext), context, contextKey, SimdPaths.Best);
        LoadWords(contextKey, words);
        return new Mode(words, Format.DeriveKeyMaterial);
    }

    /// <summary>Words are little-endian (the paper, section 2.1).</summary>
    public static void LoadWords(ReadOnlySpan<byte> bytes, Span<uint> words)
    {
        bytes.CopyTo(MemoryMarshal.AsBytes(words));
        ToMemoryOrder(words);
    }

    /// <summary>Turns words into the bytes of their little-endian form, or back, in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToMemoryOrder(Span<uint> words)
    {
        if (!BitConverter.IsLittleEndian)
        {
            System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(words, words);
        }
    }
}
