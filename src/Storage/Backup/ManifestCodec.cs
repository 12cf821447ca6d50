using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Kimura.Chain;

namespace Kimura.Storage.Backup;

/// <summary>
/// A manifest's bytes: one JSON object, a line end, and a last line <c>blake3 HEX</c> with the hash of all bytes before it. People can read
/// it, and not one byte of it can change unseen. Pinned by <c>tests/vectors/backup.json</c>.
/// </summary>
internal static partial class ManifestCodec
{
    /// <summary>The version of manifests and objects that this code writes and reads.</summary>
    internal const int Version = 1;

    /// <summary>The most bytes of a manifest: room for far more files than RocksDB keeps.</summary>
    internal const int MaxSize = 64 << 20;

    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
    private const string Seal = "blake3 ";
    private const int SealSize = 7 + (2 * Hash32.Size) + 1;

    private static readonly JsonWriterOptions Layout = new() { Indented = true, NewLine = "\n" };
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 4 };

    /// <summary>The name of a backup made at a time.</summary>
    internal static string NameOf(DateTimeOffset created, ulong height) =>
        $"{created.UtcDateTime.ToString("yyyyMMdd'T'HHmmss.fff'Z'", CultureInfo.InvariantCulture)}-h{height}";

    /// <summary>True for what <see cref="NameOf"/> gives.</summary>
    internal static bool IsName(string name) => NamePattern().IsMatch(name);

    internal static byte[] Encode(BackupManifest manifest)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, Layout))
        {
            Write(json, manifest);
        }

        bytes.Write("\n"u8);
        var digest = new ByteDigest();
        digest.Add(bytes.WrittenSpan);
        bytes.Write(Encoding.ASCII.GetBytes($"{Seal}{digest.Current()}\n"));
        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>The manifest, or what is wrong with the bytes.</summary>
    internal static (BackupManifest? Manifest, string? Fault) Decode(byte[] bytes)
    {
        var body = bytes.AsMemory(0, Math.Max(0, bytes.Length - SealSize));
        var digest = new ByteDigest();
        digest.Add(body.Span);
        if (!bytes.AsSpan(body.Length).SequenceEqual(Encoding.ASCII.GetBytes($"{Seal}{digest.Current()}\n")))
        {
            return (null, "its last line is not the BLAKE3 of the bytes before it");
        }

        try
        {
            using var document = JsonDocument.Parse(body, Strict);
            return Read(document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return (null, $"it is not a manifest ({exception.Message.ReplaceLineEndings(" ")})");
        }
    }

    private static void Write(Utf8JsonWriter json, BackupManifest manifest)
    {
        json.WriteStartObject();
        json.WriteString("format", "kimura-backup");
        json.WriteNumber("version", Version);
        json.WriteString("name", manifest.Name);
        json.WriteString("created", manifest.Created.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture));
        json.WriteString("node_version", manifest.NodeVersion);
        json.WriteNumber("schema", manifest.Chain.Schema);
        json.WriteString("chain_id", manifest.Chain.ChainId);
        json.WriteString("genesis_hash", manifest.Chain.GenesisHash.ToString());
        json.WriteNumber("height", manifest.Chain.Height);
        json.WriteString("tip_hash", manifest.Chain.TipHash.ToString());
        if (manifest.Chain.BodiesHeight is { } bodies)
        {
            json.WriteNumber("bodies_height", bodies);
        }

        json.WriteStartArray("leader_keys");
        foreach (var (height, key) in manifest.LeaderKeys)
        {
            json.WriteStartObject();
            json.WriteNumber("height", height);
            json.WriteString("key", key.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("files");
        foreach (var file in manifest.Files)
        {
            json.WriteStartObject();
            json.WriteString("name", file.Name);
            json.WriteNumber("size", file.Size);
            json.WriteString("blake3", file.Hash.ToString());
            json.WriteNumber("stored", file.StoredSize);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static (BackupManifest? Manifest, string? Fault) Read(JsonElement json)
    {
        if (json.GetProperty("format").GetString() != "kimura-backup")
        {
            return (null, "it is not a manifest");
        }

        var version = json.GetProperty("version").GetInt32();
        if (version != Version)
        {
            return (null, $"it has format version {version}, this node reads {Version}: use the node version that wrote it, {json.GetProperty("node_version")}");
        }

        return (new BackupManifest
        {
            Name = Text(json, "name", NamePattern()),
            Created = DateTimeOffset.ParseExact(
                json.GetProperty("created").GetString()!, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
            NodeVersion = json.GetProperty("node_version").GetString()!,
            Chain = new ChainFacts(
                json.GetProperty("schema").GetUInt32(),
                ChainId(json),
                new BlockHash(Hash(json, "genesis_hash")),
                json.GetProperty("height").GetUInt64(),
                new BlockHash(Hash(json, "tip_hash")),
                json.TryGetProperty("bodies_height", out var bodies) ? bodies.GetUInt64() : null),
            LeaderKeys = [.. json.GetProperty("leader_keys").EnumerateArray().Select(key => new LeaderKeyFrom(key.GetProperty("height").GetUInt64(), Key(key)))],
            Files = [.. json.GetProperty("files").EnumerateArray().Select(file => new BackupFile(
                Text(file, "name", FilePattern()), Size(file, "size"), Hash(file, "blake3"), Size(file, "stored")))],
        }, null);
    }

    private static string? ChainId(JsonElement json)
    {
        var id = json.GetProperty("chain_id").GetString();
        return id is null || ChainParameters.IsValidChainId(id) ? id : throw new FormatException($"chain id '{id}'");
    }

    private static string Text(JsonElement json, string name, Regex pattern)
    {
        var text = json.GetProperty(name).GetString()!;
        return pattern.IsMatch(text) ? text : throw new FormatException($"{name} '{text}'");
    }

    private static Hash32 Hash(JsonElement json, string name) =>
        Hash32.TryParse(json.GetProperty(name).GetString(), out var hash) ? hash : throw new FormatException(name);

    private static PublicKey Key(JsonElement json) =>
        PublicKey.TryParse(json.GetProperty("key").GetString(), out var key) ? key : throw new FormatException("key");

    private static long Size(JsonElement json, string name) =>
        json.GetProperty(name).GetInt64() is >= 0 and var size ? size : throw new FormatException(name);

    [GeneratedRegex(@"\A[0-9]{8}T[0-9]{6}\.[0-9]{3}Z-h[0-9]{1,20}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NamePattern();

    // What a restore writes: nothing that leads out of its directory.
    [GeneratedRegex(@"\A[A-Za-z0-9_-][A-Za-z0-9._-]{0,126}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FilePattern();
}
