using System.Text.Json;
using System.Text.RegularExpressions;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>The part of JSON Schema that the OpenRPC document uses; a keyword beyond it is a fault of the document.</summary>
internal static class JsonSchema
{
    /// <summary>Where and why a value does not fit; null if it does.</summary>
    public static string? FindFault(JsonElement document, JsonElement schema, JsonElement value, string at = "$")
    {
        foreach (var keyword in schema.EnumerateObject())
        {
            if (Check(document, schema, keyword, value, at) is { } fault)
            {
                return fault;
            }
        }

        return null;
    }

    private static string? Check(JsonElement document, JsonElement schema, JsonProperty keyword, JsonElement value, string at)
    {
        var rule = keyword.Value;
        switch (keyword.Name)
        {
            case "$ref":
                return FindFault(document, Resolve(document, rule.GetString()!), value, at);
            case "type":
                JsonElement[] types = rule.ValueKind == JsonValueKind.Array ? [.. rule.EnumerateArray()] : [rule];
                return types.Any(type => IsOf(type.GetString()!, value)) ? null : $"{at} is not {rule}";
            case "const":
                return JsonElement.DeepEquals(rule, value) ? null : $"{at} is not {rule}";
            case "enum":
                return rule.EnumerateArray().Any(one => JsonElement.DeepEquals(one, value)) ? null : $"{at} is none of {rule}";
            case "pattern":
                return value.ValueKind != JsonValueKind.String || Regex.IsMatch(value.GetString()!, rule.GetString()!)
                    ? null
                    : $"{at} does not match {rule}";
            case "minimum":
                return value.ValueKind != JsonValueKind.Number || value.GetDecimal() >= rule.GetDecimal() ? null : $"{at} is below {rule}";
            case "maximum":
                return value.ValueKind != JsonValueKind.Number || value.GetDecimal() <= rule.GetDecimal() ? null : $"{at} is above {rule}";
            case "maxItems":
                return value.ValueKind != JsonValueKind.Array || value.GetArrayLength() <= rule.GetInt32()
                    ? null
                    : $"{at} is longer than {rule}";
            case "oneOf":
                var fitting = rule.EnumerateArray().Count(one => FindFault(document, one, value, at) is null);
                return fitting == 1 ? null : $"{at} fits {fitting} alternatives";
            case "items":
                return value.ValueKind != JsonValueKind.Array
                    ? null
                    : FirstOf(value.EnumerateArray().Select((item, i) => FindFault(document, rule, item, $"{at}[{i}]")));
            case "required":
                return value.ValueKind != JsonValueKind.Object
                    ? null
                    : FirstOf(rule.EnumerateArray().Select(name => value.TryGetProperty(name.GetString()!, out _) ? null : $"{at} has no {name}"));
            case "properties":
                return value.ValueKind != JsonValueKind.Object
                    ? null
                    : FirstOf(value.EnumerateObject().Select(member => rule.TryGetProperty(member.Name, out var inner)
                        ? FindFault(document, inner, member.Value, $"{at}.{member.Name}")
                        : null));
            case "additionalProperties" when rule.ValueKind == JsonValueKind.False:
                return value.ValueKind != JsonValueKind.Object
                    ? null
                    : FirstOf(value.EnumerateObject().Select(member =>
                        schema.GetProperty("properties").TryGetProperty(member.Name, out _) ? null : $"{at} must not have {member.Name}"));
            default:
                throw new NotSupportedException($"the schema keyword {keyword.Name} at {at}");
        }
    }

    private static string? FirstOf(IEnumerable<string?> faults) => faults.FirstOrDefault(fault => fault is not null);

    private static bool IsOf(string type, JsonElement value) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "integer" => value.ValueKind == JsonValueKind.Number && decimal.IsInteger(value.GetDecimal()),
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "null" => value.ValueKind == JsonValueKind.Null,
        _ => throw new NotSupportedException($"the type {type}"),
    };

    private static JsonElement Resolve(JsonElement document, string reference) =>
        reference.Split('/')[1..].Aggregate(document, (at, name) => at.GetProperty(name));
}
