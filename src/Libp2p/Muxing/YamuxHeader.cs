using System.Buffers.Binary;

namespace Kimura.Libp2p.Muxing;

/// <summary>The twelve bytes before a frame's data (hashicorp/yamux, spec.md).</summary>
internal readonly record struct YamuxHeader(YamuxType Type, YamuxFlags Flags, uint Stream, uint Length)
{
    public const int Size = 12;

    public void Write(Span<byte> destination)
    {
        destination[0] = 0;
        destination[1] = (byte)Type;
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)Flags);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], Stream);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], Length);
    }

    /// <summary>False for another version, type or flag.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out YamuxHeader header)
    {
        header = new YamuxHeader(
            (YamuxType)source[1],
            (YamuxFlags)BinaryPrimitives.ReadUInt16BigEndian(source[2..]),
            BinaryPrimitives.ReadUInt32BigEndian(source[4..]),
            BinaryPrimitives.ReadUInt32BigEndian(source[8..]));
        const YamuxFlags All = YamuxFlags.Syn | YamuxFlags.Ack | YamuxFlags.Fin | YamuxFlags.Rst;
        return source[0] == 0 && header.Type <= YamuxType.GoAway && (header.Flags & ~All) == YamuxFlags.None;
    }
}

/// <summary>Kinds of frames; the values are the wire's.</summary>
internal enum YamuxType
{
    Data = 0,
    WindowUpdate = 1,
    Ping = 2,
    GoAway = 3,
}

/// <summary>What a frame does to its stream; the values are the wire's.</summary>
[Flags]
internal enum YamuxFlags
{
    None = 0,
    Syn = 1,
    Ack = 2,
    Fin = 4,
    Rst = 8,
}

/// <summary>Why a session ends; the values are the wire's.</summary>
internal enum YamuxGoAway
{
    Normal = 0,
    ProtocolError = 1,
    InternalError = 2,
}
