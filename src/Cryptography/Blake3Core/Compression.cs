using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kimura.Cryptography.Blake3Core;

/// <summary>Compression of single blocks and of several equal inputs, by whichever code the path names.</summary>
internal static class Compression
{
    /// <summary>Compresses one block, see <see cref="ScalarCompression.Compress"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Compress(SimdPath path, ref uint state, ref byte block, uint blockLength, ulong counter, uint flags)
    {
        if (RowCompression.IsSupported && path != SimdPath.Scalar)
        {
            RowCompression.Compress(ref state, ref block, blockLength, counter, flags);
        }
        else
        {
            ScalarCompression.Compress(ref state, ref block, blockLength, counter, flags);
        }
    }

    /// <summary>
    /// Compresses the root block, and as often as <paramref name="output"/> needs (the paper, section 2.6). <paramref name="state"/> holds
    /// the chaining value, as for <see cref="Compress"/>, and is used up.
    /// </summary>
    [SkipLocalsInit]
    public static void Root(SimdPath path, ref uint state, ref byte block, uint blockLength, uint flags, Span<byte> output)
    {
        Span<uint> words = MemoryMarshal.CreateSpan(ref state, Format.StateWords);
        Unsafe.SkipInit(out Words8 chained);
        words[..Format.KeyWords].CopyTo(chained);
        for (ulong counter = 0; ; counter++)
        {
            Compress(path, ref state, ref block, blockLength, counter, flags | Format.Root);
            Mode.ToMemoryOrder(words);
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(words);
            if (output.Length <= bytes.Length)
            {
                bytes[..output.Length].CopyTo(output);
                return;
            }

            bytes.CopyTo(output);
            output = output[bytes.Length..];
            ((ReadOnlySpan<uint>)chained).CopyTo(words);
        }
    }

    /// <summary>
    /// Chaining values of <paramref name="count"/> whole chunks that lie one behind the other, the first with number
    /// <paramref name="counter"/>.
    /// </summary>
    public static void Chunks(SimdPath path, ref byte input, int count, in Mode mode, ulong counter, Span<Words8> output) =>
        Many(path, ref input, count, Format.BlocksPerChunk, in mode, ManyFlags.Chunks, counter, output);

    /// <summary>Chaining values of the parents of <paramref name="children"/>, pair by pair; their number is even.</summary>
    public static void Parents(SimdPath path, ReadOnlySpan<Words8> children, in Mode mode, Span<Words8> output)
    {
        ref byte blocks = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(children));
        Many(path, ref blocks, children.Length / 2, 1, in mode, ManyFlags.Parents, 0, output);
    }

    private static void Many(
        SimdPath path, ref byte input, int count, int blocks, in Mode mode, in ManyFlags flags, ulong counter, Span<Words8> output)
    {
        int size = blocks * Format.BlockSize;
        int done = 0;
        while (done < count)
        {
            ref byte next = ref Unsafe.Add(ref input, done * size);
            ulong number = counter + ((ulong)done * flags.Step);
            int left = count - done;
            if (left >= Lanes8.Count && path >= SimdPath.Lanes8)
            {
                ManyInputs<Lanes8>.Hash(ref next, blocks, in mode, in flags, number, output[done..]);
                done += Lanes8.Count;
            }
            else if (left >= Lanes4.Count && path >= SimdPath.Lanes4)
            {
                ManyInputs<Lanes4>.Hash(ref next, blocks, in mode, in flags, number, output[done..]);
                done += Lanes4.Count;
            }
            else
            {
                One(path, ref next, blocks, in mode, in flags, number, out output[done]);
                done++;
            }
        }
    }

    [SkipLocalsInit]
    private static void One(SimdPath path, ref byte input, int blocks, in Mode mode, in ManyFlags flags, ulong counter, out Words8 output)
    {
        Unsafe.SkipInit(out Words16 state);
        mode.Key.CopyTo(state);
        for (int i = 0; i < blocks; i++)
        {
            uint blockFlags = mode.Flags | flags.At(i, blocks);
            Compress(path, ref state[0], ref Unsafe.Add(ref input, i * Format.BlockSize), Format.BlockSize, counter, blockFlags);
        }

        output = Unsafe.As<Words16, Words8>(ref state);
        Mode.ToMemoryOrder(output);
    }
}
