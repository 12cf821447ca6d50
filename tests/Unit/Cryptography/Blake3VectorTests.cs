using System.Text;
using System.Text.Json;
using Kimura.Cryptography;
using Kimura.Cryptography.Blake3Core;
using Xunit;

namespace Kimura.Tests.Unit.Cryptography;

/// <summary>The official vectors: every input length, the three modes, 131 bytes of output, on every path that this machine has.</summary>
public sealed class Blake3VectorTests(ITestOutputHelper output)
{
    private delegate void OneShotHash(ReadOnlySpan<byte> input, Span<byte> output);

    public static TheoryData<string> Modes => ["hash", "keyed_hash", "derive_key"];

    [Theory]
    [MemberData(nameof(Modes))]
    public void One_shot_gives_every_official_output(string mode)
    {
        using JsonDocument file = Vectors.Json("blake3.json");
        byte[] key = Text(file, "key"), context = Text(file, "context_string");
        OneShotHash hash = mode switch
        {
            "hash" => Blake3.Hash,
            "keyed_hash" => (input, result) => Blake3.KeyedHash(key, input, result),
            _ => (input, result) => Blake3.DeriveKey(context, input, result),
        };
        ForEachCase(file, mode, (input, expected) =>
        {
            byte[] extended = new byte[expected.Length];
            hash(input, extended);
            Assert.Equal(expected, extended);
            byte[] normal = new byte[Blake3.HashSize];
            hash(input, normal);
            Assert.Equal(expected[..Blake3.HashSize], normal);
        });
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Every_path_gives_every_official_output(string mode)
    {
        using JsonDocument file = Vectors.Json("blake3.json");
        byte[] key = Text(file, "key"), context = Text(file, "context_string");
        foreach (SimdPath path in Paths.All(output))
        {
            ForEachCase(file, mode, (input, expected) =>
            {
                Span<uint> words = stackalloc uint[Format.KeyWords];
                byte[] result = new byte[expected.Length];
                OneShot.Hash(ModeOf(mode, key, context, words), input, result, path);
                Assert.True(expected.AsSpan().SequenceEqual(result), $"{path}, {input.Length} bytes");
            });
        }
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Streaming_in_odd_pieces_gives_every_official_output(string mode)
    {
        using JsonDocument file = Vectors.Json("blake3.json");
        byte[] key = Text(file, "key"), context = Text(file, "context_string");
        Blake3Hasher hasher = mode switch
        {
            "hash" => Blake3Hasher.Create(),
            "keyed_hash" => Blake3Hasher.CreateKeyed(key),
            _ => Blake3Hasher.CreateDeriveKey(context),
        };
        ForEachCase(file, mode, (input, expected) =>
        {
            foreach (int piece in (int[])[1, 63, 64, 65, 1023, 1024, 1025, 3000, 8192, 20_000, 200_000])
            {
                hasher.Reset();
                for (int at = 0; at < input.Length; at += piece)
                {
                    hasher.Update(input.AsSpan(at, Math.Min(piece, input.Length - at)));
                }

                byte[] result = new byte[expected.Length];
                hasher.Finish(result);
                Assert.True(expected.AsSpan().SequenceEqual(result), $"{input.Length} bytes in pieces of {piece}");
            }
        });
    }

    private static Mode ModeOf(string mode, byte[] key, byte[] context, Span<uint> words) => mode switch
    {
        "hash" => Mode.Plain,
        "keyed_hash" => Mode.Keyed(key, words),
        _ => Mode.DeriveKey(context, words),
    };

    private static byte[] Text(JsonDocument file, string name) => Encoding.ASCII.GetBytes(file.RootElement.GetProperty(name).GetString()!);

    private void ForEachCase(JsonDocument file, string mode, Action<byte[], byte[]> check)
    {
        int count = 0;
        foreach (JsonElement test in file.RootElement.GetProperty("cases").EnumerateArray())
        {
            byte[] input = new byte[test.GetProperty("input_len").GetInt32()];
            for (int i = 0; i < input.Length; i++)
            {
                input[i] = (byte)(i % 251);
            }

            byte[] expected = Convert.FromHexString(test.GetProperty(mode).GetString()!);
            Assert.Equal(131, expected.Length);
            check(input, expected);
            count++;
        }

        output.WriteLine($"{count} lengths");
        Assert.True(count >= 35);
    }
}
