using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kimura.Cryptography.Blake3Core;

/// <summary>Hashes input that lies in memory whole, on the stack alone.</summary>
internal static class OneShot
{
    [SkipLocalsInit]
    public static void Hash(in Mode mode, ReadOnlySpan<byte> input, Span<byte> output, SimdPath path)
    {
        if (input.Length <= Format.ChunkSize)
        {
            SingleChunk(in mode, input, output, path);
            return;
        }

        Unsafe.SkipInit(out Words16 children);
        Tree.Halves(path, input, in mode, 0, MemoryMarshal.Cast<uint, Words8>((Span<uint>)children));
        Unsafe.SkipInit(out Words16 state);
        mode.Key.CopyTo(state);
        ref byte block = ref Unsafe.As<Words16, byte>(ref children);
        Compression.Root(path, ref state[0], ref block, Format.BlockSize, mode.Flags | Format.Parent, output);
    }

    [SkipLocalsInit]
    private static void SingleChunk(in Mode mode, ReadOnlySpan<byte> input, Span<byte> output, SimdPath path)
    {
        Unsafe.SkipInit(out Words16 state);
        mode.Key.CopyTo(state);
        uint flags = mode.Flags | Format.ChunkStart;
        while (input.Length > Format.BlockSize)
        {
            Compression.Compress(path, ref state[0], ref MemoryMarshal.GetReference(input), Format.BlockSize, 0, flags);
            input = input[Format.BlockSize..];
            flags = mode.Flags;
        }

        Unsafe.SkipInit(out Block block);
        Span<byte> bytes = block;
        input.CopyTo(bytes);
        bytes[input.Length..].Clear();
        Compression.Root(path, ref state[0], ref bytes[0], (uint)input.Length, flags | Format.ChunkEnd, output);
    }
}
