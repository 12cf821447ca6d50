using System.Globalization;
using Kimura.Chain;

namespace Kimura.Gateway.Methods;

/// <summary>A block as a client names it: by height, by hash, or the newest.</summary>
internal readonly record struct BlockReference
{
    /// <summary>The newest block.</summary>
    public static BlockReference Latest => default;

    /// <summary>The height, where it is named by one.</summary>
    public ulong? Height { get; private init; }

    /// <summary>The hash, 32 bytes, where it is named by one; empty otherwise.</summary>
    public ReadOnlyMemory<byte> Hash { get; private init; }

    /// <summary>The block at a height.</summary>
    public static BlockReference At(ulong height) => new() { Height = height };

    /// <summary>The block with a hash.</summary>
    public static BlockReference Of(ReadOnlyMemory<byte> hash) => new() { Hash = hash };

    /// <summary>Reads a path segment: digits are a height, 64 hex digits a hash, even if all of them are decimal.</summary>
    public static bool TryParse(string text, out BlockReference reference)
    {
        if (string.Equals(text, "latest", StringComparison.Ordinal))
        {
            reference = Latest;
            return true;
        }

        if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var height))
        {
            reference = At(height);
            return true;
        }

        var hash = new byte[Hash32.Size];
        var isHash = Hex.TryDecode(text, hash);
        reference = isHash ? Of(hash) : Latest;
        return isHash;
    }
}
