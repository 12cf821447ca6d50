using System.Text;
using Kimura.Libp2p.Encodings;
using Kimura.Silo.Network;
using Kimura.Silo.Network.Wire;
using Kimura.Tests.Unit.Chain.Golden;
using Kimura.Tests.Unit.Cryptography;
using Xunit;

namespace Kimura.Tests.Unit.Silo.Network;

/// <summary>Every decoder of what nodes say, on bytes that nobody meant: no exception, and memory in proportion.</summary>
public sealed class DecoderFuzzTests(ITestOutputHelper output)
{
    private const int Rounds = 3_000;
    private const int MaxItems = 64;
    private static readonly GoldenChain Golden = GoldenChain.WithId();

    [Fact]
    public void Random_and_mutated_bytes_raise_nothing_and_cost_little()
    {
        var random = Seeds.New(output);
        var samples = Samples();
        foreach (var (name, decode) in Decoders())
        {
            for (var round = 0; round < Rounds; round++)
            {
                var bytes = round % 4 == 0 ? RandomBytes(random) : Mutate(random, samples[random.Next(samples.Count)]);
                var before = GC.GetAllocatedBytesForCurrentThread();
                var exception = Record.Exception(() => decode(bytes));
                var cost = GC.GetAllocatedBytesForCurrentThread() - before;
                Assert.True(exception is null, $"{name} of {Convert.ToHexString(bytes)}: {exception}");
                Assert.True(cost < 100_000 + (64L * bytes.Length), $"{name} of {bytes.Length} bytes takes {cost}");
            }
        }
    }

    [Fact]
    public void Frames_full_of_the_smallest_parts_cost_in_proportion()
    {
        foreach (var field in Enumerable.Range(1, 8))
        {
            var frame = new ProtoWriter();
            while (frame.Length < WireFormat.MaxFrame - 2)
            {
                frame.Bytes(field, []);
            }

            var bytes = frame.ToArray();
            foreach (var (name, decode) in Decoders())
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                decode(bytes);
                var cost = GC.GetAllocatedBytesForCurrentThread() - before;
                Assert.True(cost < 4 * WireFormat.MaxFrame, $"{name}, field {field}: {cost}");
            }
        }
    }

    [Fact]
    public void Chain_id_that_is_none_is_no_status()
    {
        foreach (var id in new[] { "", "Kimura", "two\nlines", new string('a', 65), "\u001b[2J" })
        {
            var status = new StatusMessage(Golden.Parameters.Genesis.Hash.Value, id, Golden.Parameters.Genesis.Header, null, null);
            Assert.Null(StatusMessage.Decode(status.Encode()));
        }
    }

    private static List<(string Name, Action<byte[]> Decode)> Decoders() =>
    [
        (nameof(StatusMessage), bytes => StatusMessage.Decode(bytes)),
        (nameof(SyncRequest), bytes => SyncRequest.Decode(bytes)),
        (nameof(SubmitRequest), bytes => SubmitRequest.Decode(bytes)),
        (nameof(SubmitAnswer), bytes => SubmitAnswer.Decode(bytes)?.Results.Select(OutcomeCodes.FromWire).Count()),
        (nameof(OutcomeCodes), bytes => OutcomeCodes.FromWire(new SubmitResult(bytes.Length % 12 * -1 - 31_999, bytes))),
        (nameof(BlockAnnouncement), bytes => BlockAnnouncement.TryDecode(BlockAnnouncement.Version, bytes, out _)),
        (nameof(SyncPage), bytes => SyncPage.Decode(bytes, MaxItems)),
        (nameof(BlockAssembly), Assemble),
    ];

    private static void Assemble(byte[] bytes)
    {
        if (SyncPage.Decode(bytes, MaxItems) is { } page)
        {
            new BlockAssembly(Golden.Parameters, 1, 4, withBodies: true).TryAdd(page);
            new BlockAssembly(Golden.Parameters, 3, 900, withBodies: false).TryAdd(page);
        }
    }

    private static List<byte[]> Samples()
    {
        var file = GoldenFile.Read("network.json");
        List<byte[]> samples = [GoldenFile.ToBytes(file["announcement"])];
        foreach (var name in new[] { "status", "sync_requests", "sync_pages", "submit_requests", "submit_answers" })
        {
            samples.AddRange(file[name]!.AsArray().Select(row => GoldenFile.ToBytes(row!["bytes"])));
        }

        samples.AddRange(new[] { "{\"expected\": 12}", "{\"same_content\": 1}", "{\"retry_after_ms\": 1e99}", "[[[[" }.Select(Encoding.UTF8.GetBytes));
        return samples;
    }

    private static byte[] RandomBytes(Random random)
    {
        var bytes = new byte[random.Next(0, 600)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Mutate(Random random, byte[] sample)
    {
        var bytes = sample.ToList();
        for (var i = random.Next(1, 6); i > 0 && bytes.Count > 0; i--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes.RemoveAt(at); break;
                case 3: bytes.InsertRange(at, bytes.GetRange(at, Math.Min(40, bytes.Count - at))); break;
                default: bytes.RemoveRange(at, bytes.Count - at); break;
            }
        }

        return [.. bytes];
    }
}
