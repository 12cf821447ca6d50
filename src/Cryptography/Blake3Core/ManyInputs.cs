using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kimura.Cryptography.Blake3Core;

/// <summary>
/// As many equal inputs at once as a vector has words: word i of all of them in one vector, so that each operation of the compression
/// function serves them all (the paper, section 5.3). For little-endian machines.
/// </summary>
/// <typeparam name="TLanes">The vector.</typeparam>
internal static class ManyInputs<TLanes>
    where TLanes : unmanaged, ILanes<TLanes>
{
    /// <summary>
    /// Chaining values of as many inputs as there are lanes, of <paramref name="blocks"/> blocks each, that lie one behind the other.
    /// </summary>
    [SkipLocalsInit]
    public static void Hash(ref byte input, int blocks, in Mode mode, in ManyFlags flags, ulong counter, Span<Words8> output)
    {
        Span<TLanes> chained = stackalloc TLanes[Format.KeyWords];
        for (int i = 0; i < Format.KeyWords; i++)
        {
            chained[i] = TLanes.Repeat(mode.Key[i]);
        }

        Counters(counter, flags.Step, out TLanes low, out TLanes high);
        Span<TLanes> message = stackalloc TLanes[Format.StateWords];
        for (int i = 0; i < blocks; i++)
        {
            ref byte block = ref Unsafe.Add(ref input, i * Format.BlockSize);
            for (int word = 0; word < Format.StateWords; word += TLanes.Count)
            {
                TLanes.Turn(ref Unsafe.Add(ref block, word * sizeof(uint)), blocks * Format.BlockSize, ref message[word]);
            }

            Compress(ref chained[0], ref message[0], low, high, mode.Flags | flags.At(i, blocks));
        }

        ReadOnlySpan<uint> words = MemoryMarshal.Cast<TLanes, uint>(chained);
        for (int lane = 0; lane < TLanes.Count; lane++)
        {
            for (int i = 0; i < Format.KeyWords; i++)
            {
                output[lane][i] = words[(i * TLanes.Count) + lane];
            }
        }
    }

    [SkipLocalsInit]
    private static void Counters(ulong counter, uint step, out TLanes low, out TLanes high)
    {
        Span<uint> lows = stackalloc uint[TLanes.Count];
        Span<uint> highs = stackalloc uint[TLanes.Count];
        for (int lane = 0; lane < TLanes.Count; lane++)
        {
            lows[lane] = unchecked((uint)counter);
            highs[lane] = (uint)(counter >> 32);
            counter += step;
        }

        low = MemoryMarshal.Cast<uint, TLanes>(lows)[0];
        high = MemoryMarshal.Cast<uint, TLanes>(highs)[0];
    }

    [SkipLocalsInit]
    private static void Compress(ref TLanes chained, ref TLanes message, TLanes counterLow, TLanes counterHigh, uint flags)
    {
        TLanes v0 = chained, v1 = At(ref chained, 1), v2 = At(ref chained, 2), v3 = At(ref chained, 3);
        TLanes v4 = At(ref chained, 4), v5 = At(ref chained, 5), v6 = At(ref chained, 6), v7 = At(ref chained, 7);
        TLanes v8 = TLanes.Repeat(Format.Iv0), v9 = TLanes.Repeat(Format.Iv1);
        TLanes v10 = TLanes.Repeat(Format.Iv2), v11 = TLanes.Repeat(Format.Iv3);
        TLanes v12 = counterLow, v13 = counterHigh, v14 = TLanes.Repeat(Format.BlockSize), v15 = TLanes.Repeat(flags);
        for (int round = 0; round < Format.Rounds; round++)
        {
            ref byte order = ref Unsafe.Add(ref MemoryMarshal.GetReference(Format.Schedule), round * Format.StateWords);
            Mix(ref v0, ref v4, ref v8, ref v12, Word(ref message, ref order, 0), Word(ref message, ref order, 1));
            Mix(ref v1, ref v5, ref v9, ref v13, Word(ref message, ref order, 2), Word(ref message, ref order, 3));
            Mix(ref v2, ref v6, ref v10, ref v14, Word(ref message, ref order, 4), Word(ref message, ref order, 5));
            Mix(ref v3, ref v7, ref v11, ref v15, Word(ref message, ref order, 6), Word(ref message, ref order, 7));
            Mix(ref v0, ref v5, ref v10, ref v15, Word(ref message, ref order, 8), Word(ref message, ref order, 9));
            Mix(ref v1, ref v6, ref v11, ref v12, Word(ref message, ref order, 10), Word(ref message, ref order, 11));
            Mix(ref v2, ref v7, ref v8, ref v13, Word(ref message, ref order, 12), Word(ref message, ref order, 13));
            Mix(ref v3, ref v4, ref v9, ref v14, Word(ref message, ref order, 14), Word(ref message, ref order, 15));
        }

        chained = v0 ^ v8;
        At(ref chained, 1) = v1 ^ v9;
        At(ref chained, 2) = v2 ^ v10;
        At(ref chained, 3) = v3 ^ v11;
        At(ref chained, 4) = v4 ^ v12;
        At(ref chained, 5) = v5 ^ v13;
        At(ref chained, 6) = v6 ^ v14;
        At(ref chained, 7) = v7 ^ v15;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(ref TLanes a, ref TLanes b, ref TLanes c, ref TLanes d, TLanes x, TLanes y)
    {
        a = a + x + b;
        d = TLanes.RotateRight16(d ^ a);
        c += d;
        b = TLanes.RotateRight12(b ^ c);
        a = a + y + b;
        d = TLanes.RotateRight8(d ^ a);
        c += d;
        b = TLanes.RotateRight7(b ^ c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref TLanes At(ref TLanes first, int index) => ref Unsafe.Add(ref first, index);

    /// <summary>The schedule counts in bytes of a block, of which each word is a vector here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Word(ref TLanes message, ref byte order, int step) =>
        Unsafe.AddByteOffset(ref message, (nint)Unsafe.Add(ref order, step) * TLanes.Count);
}
