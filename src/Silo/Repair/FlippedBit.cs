namespace Kimura.Silo.Repair;

/// <summary>A small file with one flipped bit: what it held, where something says what that must have been.</summary>
internal static class FlippedBit
{
    /// <summary>The bytes with the one bit turned back that makes them right; null where no single bit does.</summary>
    public static byte[]? TurnBack(ReadOnlySpan<byte> bytes, Func<byte[], bool> isRight)
    {
        var candidate = bytes.ToArray();
        for (var at = 0; at < candidate.Length; at++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                candidate[at] ^= (byte)(1 << bit);
                if (isRight(candidate))
                {
                    return candidate;
                }

                candidate[at] ^= (byte)(1 << bit);
            }
        }

        return null;
    }
}
