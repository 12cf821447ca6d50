using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kimura.Tests.Unit.Architecture;
using Xunit;

namespace Kimura.Tests.Unit.Chain.Golden;

/// <summary>
/// Files under tests/vectors that pin the protocol's bytes, for clients in other languages too. A test makes each anew and compares;
/// only a run with KIMURA_WRITE_GOLDEN=1 writes them, and changing one is a change of the protocol.
/// </summary>
internal static class GoldenFile
{
    /// <summary>How the files write integers; a part of each description.</summary>
    public const string NumberRule =
        "Byte strings are lower-case hex. Integers up to 2^53 are JSON numbers, larger ones are strings of decimal digits.";

    private const string Variable = "KIMURA_WRITE_GOLDEN";
    private const ulong LargestExactNumber = 1UL << 53;

    private static readonly JsonSerializerOptions Layout = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>An integer by the files' rule.</summary>
    public static JsonValue Number(ulong value) => value <= LargestExactNumber ? JsonValue.Create(value) : JsonValue.Create($"{value}");

    /// <summary>Reads an integer by the files' rule.</summary>
    public static ulong ToNumber(JsonNode? value) =>
        value!.GetValueKind() == JsonValueKind.String ? ulong.Parse(value.GetValue<string>()) : value.GetValue<ulong>();

    /// <summary>Reads a byte string.</summary>
    public static byte[] ToBytes(JsonNode? value) => Convert.FromHexString(value!.GetValue<string>());

    /// <summary>An array of values already made.</summary>
    public static JsonArray Array(IEnumerable<JsonNode?> values) => [.. values];

    /// <summary>Reads a committed JSON file.</summary>
    public static JsonObject Read(string name) => JsonNode.Parse(File.ReadAllText(PathOf(name)))!.AsObject();

    /// <summary>The committed JSON file equals <paramref name="fresh"/>, or is written where the environment asks for it.</summary>
    public static void Check(string name, JsonObject fresh) => Check(name, fresh.ToJsonString(Layout) + "\n");

    /// <summary>The committed file equals <paramref name="fresh"/>, or is written where the environment asks for it.</summary>
    public static void Check(string name, string fresh)
    {
        var path = PathOf(name);
        if (Environment.GetEnvironmentVariable(Variable) == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, fresh);
            return;
        }

        Assert.True(File.Exists(path), $"tests/vectors/{name} is missing: {HowToWrite}");
        var committed = File.ReadAllText(path);
        Assert.True(committed == fresh, $"tests/vectors/{name} differs {FirstDifference(committed, fresh)}. It pins what other programs rely on: {HowToWrite}");
    }

    private static string HowToWrite => $"if the change is meant, run the test once with {Variable}=1 and commit the file with the reason.";

    private static string PathOf(string name) => Repository.PathOf("tests", "vectors", name);

    private static string FirstDifference(string committed, string fresh)
    {
        string[] old = committed.Split('\n'), made = fresh.Split('\n');
        var line = Enumerable.Range(0, Math.Min(old.Length, made.Length)).FirstOrDefault(i => old[i] != made[i], Math.Min(old.Length, made.Length));
        return $"from line {line + 1}: committed '{old.ElementAtOrDefault(line)}', now '{made.ElementAtOrDefault(line)}'";
    }
}
