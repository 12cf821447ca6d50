using System.Text;
using System.Text.Json.Nodes;
using Kimura.Chain;
using Kimura.Storage.Backup;
using Kimura.Tests.Unit.Architecture;
using Kimura.Tests.Unit.Chain.Golden;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Backup;

/// <summary>Pins the bytes of manifests and objects, and shows that none of them can change unseen.</summary>
public sealed class FormatTests : IDisposable
{
    private const string Description =
        "A backup's manifest, line by line, and two objects: of a content that does not compress, which is stored as it is and must come out byte for byte, "
        + "and of one that does, whose Brotli bytes another version may make otherwise but every version reads. An object is named by content_blake3. ";

    private static readonly byte[] Incompressible = Convert.FromHexString("00112233445566778899aabbccddeeff0f1e2d3c4b5a69788796a5b4c3d2e1f0");
    private static readonly byte[] Compressible = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("the same words again and again, ", 64)));

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Manifest_and_objects_are_the_golden_bytes()
    {
        var isThere = File.Exists(Repository.PathOf("tests", "vectors", "backup.json"));
        var brotli = isThere ? GoldenFile.ToBytes(GoldenFile.Read("backup.json")["objects"]![1]!["bytes"]) : Write(Compressible);
        Assert.Null(Extract(brotli, Compressible).Fault);
        GoldenFile.Check("backup.json", new JsonObject
        {
            ["description"] = Description + GoldenFile.NumberRule,
            ["manifest"] = GoldenFile.Array(Encoding.UTF8.GetString(ManifestCodec.Encode(Manifest())).Split('\n').Select(line => JsonValue.Create(line))),
            ["objects"] = GoldenFile.Array([Described(Incompressible, Write(Incompressible)), Described(Compressible, brotli)]),
        });
    }

    [Fact]
    public void A_manifest_reads_as_it_was_written()
    {
        var (read, fault) = ManifestCodec.Decode(ManifestCodec.Encode(Manifest()));

        Assert.Null(fault);
        Assert.Equal(ManifestCodec.Encode(Manifest()), ManifestCodec.Encode(read!));
        Assert.Equal(Manifest().Chain, read!.Chain);
        Assert.Equal(Manifest().Created, read.Created);
    }

    [Fact]
    public void A_changed_or_missing_byte_of_a_manifest_is_seen()
    {
        var bytes = ManifestCodec.Encode(Manifest());
        for (var i = 0; i < bytes.Length; i++)
        {
            var flipped = (byte[])bytes.Clone();
            flipped[i] ^= (byte)(1 << (i % 8));
            Assert.NotNull(ManifestCodec.Decode(flipped).Fault);
            Assert.NotNull(ManifestCodec.Decode(bytes[..i]).Fault);
        }

        Assert.NotNull(ManifestCodec.Decode([.. bytes, (byte)'\n']).Fault);
    }

    [Theory]
    [InlineData("\"version\": 1", "\"version\": 2", "it has format version 2, this node reads 1: use the node version that wrote it, 1.2.3")]
    [InlineData("\"000012.sst\"", "\"../leader.key\"", "it is not a manifest (name '../leader.key')")]
    [InlineData("\"kimura-golden\"", "\"No Chain\"", "it is not a manifest (chain id 'No Chain')")]
    [InlineData("kimura-backup", "another", "it is not a manifest")]
    public void A_manifest_that_is_whole_and_not_ours_is_refused(string text, string instead, string fault)
    {
        var written = Encoding.UTF8.GetString(ManifestCodec.Encode(Manifest()));
        var body = written[..written.IndexOf("blake3 ", StringComparison.Ordinal)].Replace(text, instead, StringComparison.Ordinal);
        var digest = new ByteDigest();
        digest.Add(Encoding.UTF8.GetBytes(body));

        Assert.Equal(fault, ManifestCodec.Decode(Encoding.UTF8.GetBytes($"{body}blake3 {digest.Current()}\n")).Fault);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_changed_or_missing_byte_of_an_object_is_seen(bool compresses)
    {
        var content = compresses ? Compressible : Incompressible;
        var bytes = Write(content);
        Assert.Equal(compresses, bytes.Length < content.Length);
        Assert.Equal(content, Extract(bytes, content).Content);
        for (var i = 0; i < bytes.Length; i++)
        {
            var flipped = (byte[])bytes.Clone();
            flipped[i] ^= (byte)(1 << (i % 8));
            Assert.NotNull(Extract(flipped, content).Fault);
            Assert.NotNull(BackupObject.FindDamage(Put(flipped), _ => { }, default));
            Assert.NotNull(Extract(bytes[..i], content).Fault);
        }

        Assert.Null(BackupObject.FindDamage(Put(bytes), _ => { }, default));
    }

    [Fact]
    public void An_object_under_anothers_name_is_seen_though_it_is_whole()
    {
        var other = (byte[])Incompressible.Clone();
        other[0] ^= 1;

        Assert.StartsWith("holds other content than its name says", Extract(Write(other), Incompressible).Fault);
    }

    [Fact]
    public void A_large_file_comes_back_as_it_was()
    {
        var content = new byte[(5 << 20) + 12_345];
        new Random(7).NextBytes(content.AsSpan(0, 3 << 20));

        Assert.Equal(content, Extract(Write(content), content).Content);
    }

    [Fact]
    public void An_empty_file_comes_back_empty() => Assert.Equal([], Extract(Write([]), []).Content);

    private static BackupManifest Manifest() => new()
    {
        Name = "20261128T222103.123Z-h1234",
        Created = new DateTimeOffset(2026, 11, 28, 22, 21, 3, 123, TimeSpan.Zero),
        NodeVersion = "1.2.3",
        Chain = new ChainFacts(1, "kimura-golden", new BlockHash(HashOf("genesis"u8.ToArray())), 1234, new BlockHash(HashOf("tip"u8.ToArray())), 1000),
        LeaderKeys = [new LeaderKeyFrom(0, TestKeys.Public("leader")), new LeaderKeyFrom(600, TestKeys.Public("alice"))],
        Files =
        [
            new BackupFile("000012.sst", Incompressible.Length, HashOf(Incompressible), 82),
            new BackupFile("CURRENT", Compressible.Length, HashOf(Compressible), 90),
        ],
    };

    private static Hash32 HashOf(byte[] content)
    {
        var digest = new ByteDigest();
        digest.Add(content);
        return digest.Current();
    }

    private static JsonObject Described(byte[] content, byte[] bytes) => new()
    {
        ["content"] = Convert.ToHexStringLower(content),
        ["content_blake3"] = HashOf(content).ToString(),
        ["bytes"] = Convert.ToHexStringLower(bytes),
    };

    private byte[] Write(byte[] content)
    {
        File.WriteAllBytes(_folder["source"], content);
        var path = _folder["object"];
        File.Delete(path);
        Assert.Equal(BackupObject.Write(_folder["source"], path, HashOf(content), default), new FileInfo(path).Length);
        return File.ReadAllBytes(path);
    }

    private string Put(byte[] bytes)
    {
        File.WriteAllBytes(_folder["object"], bytes);
        return _folder["object"];
    }

    private (byte[] Content, string? Fault) Extract(byte[] bytes, byte[] expected)
    {
        using var target = new MemoryStream();
        var fault = BackupObject.Extract(Put(bytes), new BackupFile("file", expected.Length, HashOf(expected), bytes.Length), target, _ => { }, default);
        return (target.ToArray(), fault);
    }
}
