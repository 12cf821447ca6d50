using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace Kimura.Gateway.JsonRpc;

/// <summary>
/// JSON (RFC 8259) as the protocol takes it: valid UTF-8 without a byte-order mark, no duplicate keys, no lone surrogates (written out
/// or escaped), depth at most 32, nothing behind the value.
/// </summary>
internal static class StrictJson
{
    /// <summary>The deepest nesting of arrays and objects.</summary>
    public const int MaxDepth = 32;

    private const int ReasonLimit = 200;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    /// <summary>The document, which refers to <paramref name="bytes"/>; null with a reason if it is not one.</summary>
    public static JsonDocument? TryParse(ReadOnlyMemory<byte> bytes, out string? reason)
    {
        reason = FindFault(bytes.Span);
        if (reason is not null)
        {
            return null;
        }

        try
        {
            return JsonDocument.Parse(bytes, Options);
        }
        catch (JsonException fault)
        {
            reason = fault.Message.Length <= ReasonLimit ? fault.Message : fault.Message[..ReasonLimit];
            return null;
        }
    }

    private static string? FindFault(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith("\uFEFF"u8))
        {
            return "a byte-order mark is not JSON";
        }

        if (!Utf8.IsValid(bytes))
        {
            return "not valid UTF-8";
        }

        return HasLoneSurrogate(bytes) ? "an escaped surrogate stands alone" : null;
    }

    // Runs before the parser: backslashes outside of strings are refused there, so here each one opens an escape.
    private static bool HasLoneSurrogate(ReadOnlySpan<byte> bytes)
    {
        for (var at = bytes.IndexOf((byte)'\\'); at >= 0; at = bytes.IndexOf((byte)'\\'))
        {
            bytes = bytes[at..];
            var unit = EscapedUnit(bytes);
            if (unit is null)
            {
                bytes = bytes[Math.Min(2, bytes.Length)..];
                continue;
            }

            bytes = bytes[6..];
            if (char.IsLowSurrogate(unit.Value))
            {
                return true;
            }

            if (char.IsHighSurrogate(unit.Value))
            {
                if (EscapedUnit(bytes) is not { } low || !char.IsLowSurrogate(low))
                {
                    return true;
                }

                bytes = bytes[6..];
            }
        }

        return false;
    }

    private static char? EscapedUnit(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= 6 && bytes[0] == '\\' && bytes[1] == 'u'
            && ushort.TryParse(bytes[2..6], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit)
            ? (char)unit
            : null;
}
