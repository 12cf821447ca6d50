namespace Kimura.Libp2p.Encodings;

/// <summary>Base32 of RFC 4648, lower case, unpadded: the text form of peer ids as content ids.</summary>
internal static class Base32
{
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";
    private const int MaxText = 128;

    public static bool TryDecode(ReadOnlySpan<char> text, out byte[] bytes)
    {
        bytes = [];
        if (text.Length > MaxText)
        {
            return false;
        }

        byte[] output = new byte[text.Length * 5 / 8];
        int filled = 0, bits = 0, held = 0;
        foreach (char letter in text)
        {
            int value = Alphabet.IndexOf(letter, StringComparison.Ordinal);
            if (value < 0)
            {
                return false;
            }

            held = ((held << 5) | value) & 0xFFF;
            bits += 5;
            if (bits >= 8)
            {
                bits -= 8;
                output[filled++] = (byte)((held >> bits) & 0xFF);
            }
        }

        // Left-over bits are zero, or the text is not the only one for these bytes.
        if ((held & ((1 << bits) - 1)) != 0 || bits >= 5)
        {
            return false;
        }

        bytes = output;
        return true;
    }
}
