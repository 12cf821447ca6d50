using System.Buffers.Binary;
using System.Text;

namespace Kimura.Tests.Unit.Storage.Ledger;

/// <summary>Bytes as protocol section 4 writes them, without the code under test.</summary>
internal static class Bytes
{
    public static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);

    public static byte[] U64(ulong value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return bytes;
    }

    public static byte[] U32(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    public static byte[] BlockKey(ulong height) => [.. Ascii("block:"), .. U64(height)];

    public static string Hex(params byte[][] parts) => Convert.ToHexStringLower([.. parts.SelectMany(part => part)]);
}
