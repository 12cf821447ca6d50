using System.Buffers;
using System.Text.Json;
using Kimura.Chain;
using Kimura.Gateway.JsonRpc;

namespace Kimura.Gateway.Methods;

/// <summary>What a parameter may be: checks a value, and says the same as a JSON schema.</summary>
internal abstract class ParamType
{
    /// <summary>Why the value is refused; null if it is taken.</summary>
    public abstract string? FindFault(JsonElement value);

    /// <summary>Writes the properties of the JSON schema into an open object.</summary>
    public abstract void WriteSchema(Utf8JsonWriter schema);
}

/// <summary>A byte string of one length, as hex.</summary>
internal sealed class HexType(int size) : ParamType
{
    private static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789abcdefABCDEF"u8);

    private readonly string _fault = $"not a string of {2 * size} hex digits ({size} bytes)";

    public override string? FindFault(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            return _fault;
        }

        var text = JsonText.Utf8(value);
        text = text.StartsWith("0x"u8) ? text[2..] : text;
        return text.Length == 2 * size && !text.ContainsAnyExcept(Digits) ? null : _fault;
    }

    public override void WriteSchema(Utf8JsonWriter schema)
    {
        schema.WriteString("type"u8, "string"u8);
        schema.WriteString("pattern"u8, $"^(0x)?[0-9a-fA-F]{{{2 * size}}}$");
    }

    /// <summary>Reads a value that was taken.</summary>
    public static void Read(JsonElement value, Span<byte> destination)
    {
        if (!Hex.TryDecode(JsonText.Utf8(value), destination))
        {
            throw new InvalidOperationException("a parameter is read before it is checked");
        }
    }

    /// <summary>Reads a value that was taken into an array of its own.</summary>
    public static byte[] Read(JsonElement value, int size)
    {
        var bytes = new byte[size];
        Read(value, bytes);
        return bytes;
    }
}

/// <summary>A whole number, written as one: no fraction, no exponent, no sign.</summary>
internal sealed class NumberType(ulong from, ulong to) : ParamType
{
    private readonly string _fault = $"not an integer from {from} to {to}";

    public override string? FindFault(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out var number) && number >= from && number <= to ? null : _fault;

    public override void WriteSchema(Utf8JsonWriter schema)
    {
        schema.WriteString("type"u8, "integer"u8);
        schema.WriteNumber("minimum"u8, from);
        schema.WriteNumber("maximum"u8, to);
    }
}

/// <summary>True or false.</summary>
internal sealed class BooleanType : ParamType
{
    public override string? FindFault(JsonElement value) =>
        value.ValueKind is JsonValueKind.True or JsonValueKind.False ? null : "not true or false";

    public override void WriteSchema(Utf8JsonWriter schema) => schema.WriteString("type"u8, "boolean"u8);
}

/// <summary>Text; its size is checked where it is used, because that is another error.</summary>
internal sealed class TextType : ParamType
{
    public override string? FindFault(JsonElement value) => value.ValueKind == JsonValueKind.String ? null : "not a string";

    public override void WriteSchema(Utf8JsonWriter schema) => schema.WriteString("type"u8, "string"u8);
}

/// <summary>One of a few words.</summary>
internal sealed class WordType(params string[] words) : ParamType
{
    private readonly string _fault = $"not {string.Join(" or ", words.Select(word => $"\"{word}\""))}";

    public override string? FindFault(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && words.Any(value.ValueEquals) ? null : _fault;

    public override void WriteSchema(Utf8JsonWriter schema)
    {
        schema.WriteStartArray("enum"u8);
        foreach (var word in words)
        {
            schema.WriteStringValue(word);
        }

        schema.WriteEndArray();
    }
}

/// <summary>A block: its height, <c>"latest"</c>, or its hash.</summary>
internal sealed class BlockReferenceType : ParamType
{
    private static readonly NumberType Height = new(0, ulong.MaxValue);
    private static readonly HexType Hash = new(Hash32.Size);

    public override string? FindFault(JsonElement value) =>
        Height.FindFault(value) is null || IsLatest(value) || Hash.FindFault(value) is null
            ? null
            : "not a height (an integer), \"latest\", or a block hash (64 hex digits)";

    public override void WriteSchema(Utf8JsonWriter schema)
    {
        schema.WriteStartArray("oneOf"u8);
        schema.WriteStartObject();
        Height.WriteSchema(schema);
        schema.WriteEndObject();
        schema.WriteStartObject();
        schema.WriteString("const"u8, "latest"u8);
        schema.WriteEndObject();
        schema.WriteStartObject();
        Hash.WriteSchema(schema);
        schema.WriteEndObject();
        schema.WriteEndArray();
    }

    /// <summary>Reads a value that was taken.</summary>
    public static BlockReference Read(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Number)
        {
            return BlockReference.At(value.GetUInt64());
        }

        return IsLatest(value) ? BlockReference.Latest : BlockReference.Of(HexType.Read(value, Hash32.Size));
    }

    private static bool IsLatest(JsonElement value) => value.ValueKind == JsonValueKind.String && value.ValueEquals("latest"u8);
}

/// <summary>An array of objects with given members. A wrong item spoils itself alone, so only their number is checked here.</summary>
internal sealed class ObjectsType(int most, RpcParam[] members) : ParamType
{
    private readonly string _fault = $"not an array of at most {most} objects";

    public override string? FindFault(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array && value.GetArrayLength() <= most ? null : _fault;

    public override void WriteSchema(Utf8JsonWriter schema)
    {
        schema.WriteString("type"u8, "array"u8);
        schema.WriteNumber("maxItems"u8, most);
        schema.WriteStartObject("items"u8);
        schema.WriteString("type"u8, "object"u8);
        schema.WriteBoolean("additionalProperties"u8, value: false);
        schema.WriteStartArray("required"u8);
        foreach (var member in members.Where(member => member.IsRequired))
        {
            schema.WriteStringValue(member.Name);
        }

        schema.WriteEndArray();
        schema.WriteStartObject("properties"u8);
        foreach (var member in members)
        {
            schema.WriteStartObject(member.Name);
            member.Type.WriteSchema(schema);
            schema.WriteEndObject();
        }

        schema.WriteEndObject();
        schema.WriteEndObject();
    }
}
