using System.Buffers;
using System.Text.Json;
using Kimura.Chain;

namespace Kimura.Gateway.JsonRpc;

/// <summary>Writes byte strings as the protocol does: lower-case hex without a prefix.</summary>
internal static class HexJson
{
    private const int StackLimit = 128;

    /// <summary>A property of hex.</summary>
    public static void WriteHex(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ReadOnlySpan<byte> bytes)
    {
        writer.WritePropertyName(name);
        WriteHexValue(writer, bytes);
    }

    /// <summary>A property of a hash.</summary>
    public static void WriteHex(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, Hash32 hash)
    {
        Span<byte> bytes = stackalloc byte[Hash32.Size];
        hash.CopyTo(bytes);
        WriteHex(writer, name, bytes);
    }

    /// <summary>A string of hex.</summary>
    public static void WriteHexValue(this Utf8JsonWriter writer, ReadOnlySpan<byte> bytes)
    {
        var length = 2 * bytes.Length;
        var rented = length > StackLimit ? ArrayPool<byte>.Shared.Rent(length) : null;
        var digits = rented is null ? stackalloc byte[StackLimit] : rented;
        if (!Convert.TryToHexStringLower(bytes, digits, out var written))
        {
            throw new InvalidOperationException("the hex buffer is too small");
        }

        writer.WriteStringValue(digits[..written]);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
