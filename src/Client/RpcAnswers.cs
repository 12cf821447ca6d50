using System.Text.Json;

namespace Kimura.Client;

/// <summary>Tells results from refusals.</summary>
internal static class RpcAnswers
{
    /// <exception cref="KimuraRpcException">It is an error.</exception>
    public static JsonElement ResultOf(JsonElement answer)
    {
        if (answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("error", out var error))
        {
            throw Answers.Reading(() => new KimuraRpcException(error.GetProperty("code").GetInt32(), error.GetProperty("message").GetString() ?? ""));
        }

        return answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("result", out var result)
            ? result.Clone()
            : throw new InvalidDataException("the node's answer is neither a result nor an error");
    }
}
