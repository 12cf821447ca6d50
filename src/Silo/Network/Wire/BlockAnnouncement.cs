using Kimura.Chain.Blocks;

namespace Kimura.Silo.Network.Wire;

/// <summary>A version byte and a block's header, 178 bytes: how a status names a tip, and how a large block is announced.</summary>
internal static class BlockAnnouncement
{
    public const int Size = 1 + BlockHeader.Size;

    /// <summary>The version byte of an announced block, which is fetched with sync.</summary>
    public const byte Version = 2;

    public static byte[] Encode(byte version, in BlockHeader header)
    {
        var bytes = new byte[Size];
        bytes[0] = version;
        header.WriteTo(bytes.AsSpan(1));
        return bytes;
    }

    public static bool TryDecode(byte version, ReadOnlySpan<byte> bytes, out BlockHeader header)
    {
        var isRight = bytes.Length == Size && bytes[0] == version;
        header = isRight ? BlockHeader.Read(bytes[1..]) : default;
        return isRight;
    }
}
