using System.Text.Json.Nodes;

namespace Kimura.Tests.Unit.Chain.Golden;

internal static class JsonEdits
{
    public static JsonObject With(this JsonObject proof, string field, JsonNode value)
    {
        proof[field] = value;
        return proof;
    }

    public static JsonObject Edit(this JsonObject proof, Action<JsonArray> path)
    {
        path(proof["path"]!.AsArray());
        return proof;
    }
}
