using Kimura.Benchmarks.Harness;
using Kimura.Benchmarks.Reports;
using Kimura.Chain;
using Kimura.Cryptography;

namespace Kimura.Benchmarks.Micro;

/// <summary>The parts by themselves.</summary>
internal static class MicroBenchmarks
{
    private static readonly (string Name, int Size)[] HashSizes = [("64 B", 64), ("1 KiB", 1 << 10), ("1 MiB", 1 << 20)];

    public static async Task RunAsync(Report report, DataDirectory place)
    {
        report.Heading("BLAKE3 (one core)");
        report.Table(["input", "time", "rate", "allocated", "spread"], HashSizes.Select(Hash));
        report.Heading("Signatures (one core)");
        report.Table(["operation", "time", "rate", "allocated", "spread"], Signatures());
        report.Heading("RocksDB: blocks, synced");
        report.Table(["messages of 256 bytes", "operation", "time", "rate", "allocated a message", "spread"], await StoreBenchmark.RunAsync(place));
        report.Heading("RocksDB: reads, what is read held against the chain or not");
        report.Table(["messages a block", "operation", "time", "rate", "allocated", "spread"], await ReadBenchmark.RunAsync(place));
    }

    private static string[] Hash((string Name, int Size) input)
    {
        var bytes = new byte[input.Size];
        var hash = new byte[Blake3.HashSize];
        var measured = Stopclock.Measure(_ => Blake3.Hash(bytes, hash));
        return [input.Name, measured.Time, $"{input.Size * measured.PerSecond / 1e9:0.00} GB/s", $"{measured.AllocatedBytes:0} B", measured.Variation];
    }

    private static IEnumerable<string[]> Signatures()
    {
        var signed = SignedDigests.Make(64);
        var keys = signed.Select(one => Secp256k1.TryParse(one.PublicKey, out var key) ? key : throw new BenchmarkException("bench: not a key")).ToArray();
        using var secret = PrivateKey.FromBytes(Convert.FromHexString("0000000000000000000000000000000000000000000000000000000000000007"));
        var signature = new byte[Signature.Size];
        yield return Row("parse a key and verify", Stopclock.Measure(i => signed[i % signed.Length].Verify()));
        yield return Row("verify with a parsed key", Stopclock.Measure(i =>
            Secp256k1.Verify(in keys[i % keys.Length], signed[i % signed.Length].Digest, signed[i % signed.Length].Signature)));
        yield return Row("sign", Stopclock.Measure(i => secret.Sign(signed[i % signed.Length].Digest, signature)));
    }

    private static string[] Row(string name, Measurement measured) =>
        [name, measured.Time, $"{measured.PerSecond:#,0}/s", $"{measured.AllocatedBytes:0} B", measured.Variation];
}
