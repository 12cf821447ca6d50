using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kimura.Silo.Backups;

/// <summary>
/// What a node says to the tool on its socket: the line <c>checkpoint 1</c> is answered with one line of JSON, either of a copy of its database, by
/// its folder's name below <c>checkpoints/</c> in the data directory, or of an error. The copy is the tool's until it closes the connection.
/// </summary>
/// <param name="Checkpoint">The folder's name.</param>
/// <param name="NodeVersion">The node's version.</param>
/// <param name="LeaderKeys">The node's configured <c>HEX@HEIGHT</c>.</param>
/// <param name="Error">Why there is no copy.</param>
internal sealed record CheckpointReply(
    [property: JsonPropertyName("checkpoint")] string? Checkpoint,
    [property: JsonPropertyName("node_version")] string NodeVersion,
    [property: JsonPropertyName("leader_keys")] IReadOnlyList<string> LeaderKeys,
    [property: JsonPropertyName("error")] string? Error)
{
    public const string Request = "checkpoint 1";

    /// <summary>The most bytes of a line, either way.</summary>
    public const int MaxLine = 65_536;

    public string Encode() => JsonSerializer.Serialize(this);

    public static CheckpointReply? Decode(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<CheckpointReply>(line);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
