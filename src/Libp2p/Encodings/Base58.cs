namespace Kimura.Libp2p.Encodings;

/// <summary>Base58 with Bitcoin's alphabet, for short values: its cost is quadratic, so lengths are bounded.</summary>
internal static class Base58
{
    /// <summary>Most bytes of a value, and so of what is decoded.</summary>
    public const int MaxBytes = 128;

    private const string Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    private const int MaxText = 176;

    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxBytes)
        {
            throw new ArgumentException($"At most {MaxBytes} bytes.", nameof(bytes));
        }

        int zeros = bytes.IndexOfAnyExcept((byte)0);
        zeros = zeros < 0 ? bytes.Length : zeros;
        Span<byte> digits = stackalloc byte[MaxText];
        int count = 0;
        foreach (byte next in bytes[zeros..])
        {
            int carry = next;
            for (int i = 0; i < count || carry > 0; i++)
            {
                carry += i < count ? digits[i] << 8 : 0;
                digits[i] = (byte)(carry % 58);
                carry /= 58;
                count = Math.Max(count, i + 1);
            }
        }

        Span<char> text = stackalloc char[zeros + count];
        text[..zeros].Fill('1');
        for (int i = 0; i < count; i++)
        {
            text[zeros + i] = Alphabet[digits[count - 1 - i]];
        }

        return new string(text);
    }

    public static bool TryDecode(ReadOnlySpan<char> text, out byte[] bytes)
    {
        bytes = [];
        if (text.Length > MaxText)
        {
            return false;
        }

        int zeros = text.IndexOfAnyExcept('1');
        zeros = zeros < 0 ? text.Length : zeros;
        Span<byte> output = stackalloc byte[MaxText];
        int count = 0;
        foreach (char letter in text[zeros..])
        {
            int carry = Alphabet.IndexOf(letter, StringComparison.Ordinal);
            if (carry < 0)
            {
                return false;
            }

            for (int i = 0; i < count || carry > 0; i++)
            {
                carry += i < count ? output[i] * 58 : 0;
                output[i] = (byte)(carry & 0xFF);
                carry >>= 8;
                count = Math.Max(count, i + 1);
            }
        }

        if (zeros + count > MaxBytes)
        {
            return false;
        }

        bytes = new byte[zeros + count];
        for (int i = 0; i < count; i++)
        {
            bytes[zeros + i] = output[count - 1 - i];
        }

        return true;
    }
}
