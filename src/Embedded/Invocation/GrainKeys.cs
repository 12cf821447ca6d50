using System.Buffers.Text;
using Orleans.Runtime;

namespace Kimura.Embedded.Invocation;

/// <summary>Integer keys as Orleans writes them: upper-case hexadecimal digits, negative numbers in two's complement.</summary>
internal static class GrainKeys
{
    internal static IdSpan FromInteger(long key)
    {
        Span<byte> digits = stackalloc byte[16];
        return Utf8Formatter.TryFormat(key, digits, out int length, 'X')
            ? new IdSpan(digits[..length].ToArray())
            : throw new InvalidOperationException("A 64-bit integer has at most 16 hexadecimal digits.");
    }

    internal static bool TryParseInteger(IdSpan key, out long value) =>
        Utf8Parser.TryParse(key.AsSpan(), out value, out int length, 'X') && length == key.AsSpan().Length;
}
