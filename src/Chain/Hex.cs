using System.Buffers;

namespace Kimura.Chain;

/// <summary>Hex as the protocol takes it (section 1): lower or upper case, an optional <c>0x</c>; written lower-case without it.</summary>
public static class Hex
{
    /// <summary>Fills <paramref name="destination"/> exactly; false for another length or another character.</summary>
    public static bool TryDecode(ReadOnlySpan<char> hex, Span<byte> destination)
    {
        hex = hex.StartsWith("0x", StringComparison.Ordinal) ? hex[2..] : hex;
        return hex.Length == (long)destination.Length * 2
            && Convert.FromHexString(hex, destination, out _, out _) == OperationStatus.Done;
    }

    /// <summary>The same from UTF-8.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> hex, Span<byte> destination)
    {
        hex = hex.StartsWith("0x"u8) ? hex[2..] : hex;
        return hex.Length == (long)destination.Length * 2
            && Convert.FromHexString(hex, destination, out _, out _) == OperationStatus.Done;
    }
}
