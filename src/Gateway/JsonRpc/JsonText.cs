using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Kimura.Gateway.JsonRpc;

/// <summary>Reads JSON strings as UTF-8 without making .NET strings of them.</summary>
internal static class JsonText
{
    /// <summary>The text between the quotes, as it stands; <paramref name="escaped"/> if it has escapes.</summary>
    public static ReadOnlySpan<byte> Raw(JsonElement text, out bool escaped)
    {
        var raw = JsonMarshal.GetRawUtf8Value(text)[1..^1];
        escaped = raw.Contains((byte)'\\');
        return raw;
    }

    /// <summary>The text in UTF-8; a copy is made only where it has escapes, so it is for short texts.</summary>
    public static ReadOnlySpan<byte> Utf8(JsonElement text)
    {
        var raw = Raw(text, out var escaped);
        return escaped ? Encoding.UTF8.GetBytes(text.GetString()!) : raw;
    }

    /// <summary>Writes the text in UTF-8 and returns its bytes; <paramref name="destination"/> has as many as the raw text.</summary>
    public static int Unescape(JsonElement text, Span<byte> destination)
    {
        var reader = new Utf8JsonReader(JsonMarshal.GetRawUtf8Value(text));
        reader.Read();
        return reader.CopyString(destination);
    }
}
