using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>Makes a page for people of an OpenRPC document.</summary>
internal static class RpcPage
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(JsonElement document)
    {
        var page = new StringBuilder();
        page.Append("# JSON-RPC interface\n\n");
        page.Append("Made from the node's OpenRPC document (`rpc.discover`, `GET /openrpc.json`) by a unit test; not edited by hand.\n\n");
        page.Append("`POST /`, or the same methods over WebSocket at `/ws`. Params by name or by position, in the order given; byte strings are hex. ");
        page.Append("Every example is run against a node by the tests.\n\n");
        foreach (var method in document.GetProperty("methods").EnumerateArray())
        {
            WriteMethod(page, document, method);
        }

        page.Append("## Results\n\n");
        foreach (var schema in document.GetProperty("components").GetProperty("schemas").EnumerateObject())
        {
            if (schema.Value.TryGetProperty("properties", out var members))
            {
                page.Append($"### {schema.Name}\n\n| member | |\n| --- | --- |\n");
                foreach (var member in members.EnumerateObject())
                {
                    var isRequired = schema.Value.GetProperty("required").EnumerateArray().Any(name => name.ValueEquals(member.Name));
                    page.Append($"| `{member.Name}`{(isRequired ? "" : "?")} | {TypeOf(document, member.Value)} |\n");
                }

                page.Append('\n');
            }
        }

        return page.ToString().TrimEnd() + "\n";
    }

    private static void WriteMethod(StringBuilder page, JsonElement document, JsonElement method)
    {
        page.Append($"## {method.GetProperty("name").GetString()}\n\n{method.GetProperty("summary").GetString()}\n\n");
        var parameters = method.GetProperty("params").EnumerateArray().ToList();
        if (parameters.Count > 0)
        {
            page.Append("| param | | |\n| --- | --- | --- |\n");
        }

        foreach (var parameter in parameters)
        {
            var optional = parameter.GetProperty("required").GetBoolean() ? "" : "?";
            page.Append($"| `{parameter.GetProperty("name").GetString()}`{optional} | {TypeOf(document, parameter.GetProperty("schema"))} ");
            page.Append($"| {parameter.GetProperty("description").GetString()} |\n");
        }

        var result = method.GetProperty("result");
        page.Append(parameters.Count > 0 ? "\n" : "");
        page.Append($"Result: {TypeOf(document, result.GetProperty("schema"))}. Errors: ");
        page.AppendJoin(", ", method.GetProperty("errors").EnumerateArray().Select(error => $"{error.GetProperty("code")} {error.GetProperty("message").GetString()}"));
        page.Append(".\n\n");
        foreach (var example in method.GetProperty("examples").EnumerateArray())
        {
            var given = example.GetProperty("params").EnumerateArray()
                .ToDictionary(one => one.GetProperty("name").GetString()!, one => one.GetProperty("value"));
            var answer = JsonSerializer.Serialize(example.GetProperty("result").GetProperty("value"), Indented).ReplaceLineEndings("\n");
            page.Append($"```\n→ {JsonSerializer.Serialize(given, Indented).ReplaceLineEndings("\n")}\n← {answer}\n```\n\n");
        }
    }

    private static string TypeOf(JsonElement document, JsonElement schema)
    {
        if (schema.TryGetProperty("$ref", out var reference))
        {
            var name = reference.GetString()!.Split('/')[^1];
            var target = document.GetProperty("components").GetProperty("schemas").GetProperty(name);
            return target.TryGetProperty("properties", out _) ? $"[{name}](#{name.ToLowerInvariant()})" : TypeOf(document, target);
        }

        if (schema.TryGetProperty("oneOf", out var choices))
        {
            return string.Join(" or ", choices.EnumerateArray().Select(choice => TypeOf(document, choice)));
        }

        if (schema.TryGetProperty("const", out var value))
        {
            return $"`{value.GetRawText()}`";
        }

        if (schema.TryGetProperty("enum", out var values))
        {
            return string.Join(" or ", values.EnumerateArray().Select(one => $"`{one.GetRawText()}`"));
        }

        if (schema.TryGetProperty("items", out var items))
        {
            return $"array of {TypeOf(document, items)}";
        }

        var type = schema.TryGetProperty("type", out var named)
            ? string.Join(" or ", named.ValueKind == JsonValueKind.Array ? named.EnumerateArray().Select(one => one.GetString()) : [named.GetString()])
            : "object";
        if (schema.TryGetProperty("properties", out var members))
        {
            return $"{type} of {string.Join(", ", members.EnumerateObject().Select(member => $"`{member.Name}`"))}";
        }

        return schema.TryGetProperty("pattern", out var pattern) ? $"{type} `{pattern.GetString()!.Replace("|", "\\|", StringComparison.Ordinal)}`" : type;
    }
}
