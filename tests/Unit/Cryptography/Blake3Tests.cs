using Kimura.Cryptography;
using Kimura.Cryptography.Blake3Core;
using Xunit;

namespace Kimura.Tests.Unit.Cryptography;

/// <summary>What the official vectors do not show.</summary>
public sealed class Blake3Tests(ITestOutputHelper output)
{
    [Fact]
    public void Paths_pieces_and_alignments_agree_at_random_lengths()
    {
        Random random = Seeds.New(output);
        SimdPath[] paths = [.. Paths.All(output)];
        byte[] buffer = new byte[150_000];
        random.NextBytes(buffer);
        for (int round = 0; round < 150; round++)
        {
            int offset = random.Next(64);
            ReadOnlySpan<byte> input = buffer.AsSpan(offset, random.Next(1 << random.Next(1, 18)));
            byte[] expected = new byte[random.Next(1, 200)];
            OneShot.Hash(Mode.Plain, input, expected, SimdPath.Scalar);
            foreach (SimdPath path in paths)
            {
                byte[] whole = new byte[expected.Length];
                OneShot.Hash(Mode.Plain, input, whole, path);
                Assert.True(expected.AsSpan().SequenceEqual(whole), $"{path}, one-shot, {input.Length} bytes");
                byte[] pieces = Stream(random, path, input, expected.Length);
                Assert.True(expected.AsSpan().SequenceEqual(pieces), $"{path}, in pieces, {input.Length} bytes");
            }
        }
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(uint.MaxValue - 3UL)]
    [InlineData((1UL << 53) - 5)]
    public void Chunk_numbers_above_32_bits_are_the_same_on_every_path(ulong counter)
    {
        const int Chunks = 15;
        byte[] input = new byte[Chunks * Format.ChunkSize];
        Seeds.New(output).NextBytes(input);
        Words8[] expected = new Words8[Chunks];
        Compression.Chunks(SimdPath.Scalar, ref input[0], Chunks, Mode.Plain, counter, expected);
        foreach (SimdPath path in Paths.All(output))
        {
            Words8[] values = new Words8[Chunks];
            Compression.Chunks(path, ref input[0], Chunks, Mode.Plain, counter, values);
            for (int i = 0; i < Chunks; i++)
            {
                Assert.True(((ReadOnlySpan<uint>)expected[i]).SequenceEqual(values[i]), $"{path}, chunk {i}");
            }
        }
    }

    [Fact]
    public void Longer_output_begins_with_the_shorter_one()
    {
        byte[] input = [1, 2, 3];
        byte[] full = new byte[300];
        Blake3.Hash(input, full);
        for (int length = 0; length < full.Length; length++)
        {
            byte[] part = new byte[length];
            Blake3.Hash(input, part);
            Assert.Equal(full[..length], part);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(1024)]
    [InlineData(2048)]
    [InlineData(5000)]
    [InlineData(8192)]
    public void Hasher_goes_on_after_finish_as_if_never_asked(int first)
    {
        byte[] input = new byte[first + 3000];
        Seeds.New(output).NextBytes(input);
        byte[] expected = new byte[Blake3.HashSize], result = new byte[Blake3.HashSize];
        Blake3Hasher hasher = Blake3Hasher.Create();
        hasher.Update(input.AsSpan(0, first));
        hasher.Finish(result);
        Blake3.Hash(input.AsSpan(0, first), expected);
        Assert.Equal(expected, result);

        hasher.Update([]);
        hasher.Finish(result);
        Assert.Equal(expected, result);

        hasher.Update(input.AsSpan(first));
        hasher.Finish(result);
        Blake3.Hash(input, expected);
        Assert.Equal(expected, result);
    }

    [Fact]
    public void Reset_keeps_the_mode_and_the_key()
    {
        byte[] key = [.. Enumerable.Range(0, Blake3.KeySize).Select(i => (byte)i)];
        byte[] input = new byte[4000];
        byte[] expected = new byte[Blake3.HashSize], result = new byte[Blake3.HashSize];
        Blake3.KeyedHash(key, input, expected);
        Blake3Hasher hasher = Blake3Hasher.CreateKeyed(key);
        Array.Clear(key);
        hasher.Update(new byte[9000]);
        hasher.Reset();
        hasher.Update(input);
        hasher.Finish(result);
        Assert.Equal(expected, result);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void Key_of_another_length_is_an_argument_error(int length)
    {
        byte[] key = new byte[length], result = new byte[Blake3.HashSize];
        Assert.Throws<ArgumentException>(() => Blake3.KeyedHash(key, [], result));
        Assert.Throws<ArgumentException>(() => Blake3Hasher.CreateKeyed(key));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(1024)]
    [InlineData(1025)]
    [InlineData(100_000)]
    public void One_shot_does_not_allocate(int length)
    {
        byte[] key = new byte[Blake3.KeySize], input = new byte[length], result = new byte[100];
        Assert.Equal(0, Allocations.Of(() =>
        {
            Blake3.Hash(input, result);
            Blake3.KeyedHash(key, input, result);
            Blake3.DeriveKey("context"u8, input, result);
        }));
    }

    [Fact]
    public void Streaming_does_not_allocate_after_the_start()
    {
        byte[] input = new byte[10_000], result = new byte[Blake3.HashSize];
        Blake3Hasher hasher = Blake3Hasher.Create();
        Assert.Equal(0, Allocations.Of(() =>
        {
            hasher.Reset();
            hasher.Update(input);
            hasher.Update(input.AsSpan(0, 77));
            hasher.Finish(result);
        }));
    }

    private static byte[] Stream(Random random, SimdPath path, ReadOnlySpan<byte> input, int length)
    {
        Blake3Hasher hasher = Blake3Hasher.Create(path);
        while (!input.IsEmpty)
        {
            int piece = Math.Min(input.Length, random.Next(1 << random.Next(1, 17)));
            hasher.Update(input[..piece]);
            input = input[piece..];
        }

        byte[] result = new byte[length];
        hasher.Finish(result);
        return result;
    }
}
