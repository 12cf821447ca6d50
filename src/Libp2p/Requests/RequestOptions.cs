using Kimura.Libp2p.Encodings;

namespace Kimura.Libp2p.Requests;

/// <summary>Limits of a request/response protocol, held on both sides.</summary>
public sealed record RequestOptions
{
    /// <summary>Most bytes of a request. Default 64 KiB.</summary>
    public int MaxRequest { get; init; } = 64 * 1024;

    /// <summary>Most bytes of one item of a response. Default 4 MiB.</summary>
    public int MaxItem { get; init; } = 4 * 1024 * 1024;

    /// <summary>Most items of a response. Default 4096.</summary>
    public int MaxItems { get; init; } = 4096;

    /// <summary>Most bytes of all items together. Default 64 MiB.</summary>
    public long MaxTotal { get; init; } = 64L * 1024 * 1024;

    /// <summary>Longest time in which nothing moves, in reading or in writing. Default 10 s.</summary>
    public TimeSpan IdleDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest time for all of it. Default 60 s.</summary>
    public TimeSpan TotalDeadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Most requests being answered at once.</summary>
    public StreamLimits Streams { get; init; } = new(PerPeer: 8, Total: 128);

    internal static byte[] Frame(ReadOnlySpan<byte> data)
    {
        byte[] frame = new byte[Uvarint.SizeOf((ulong)data.Length) + data.Length];
        data.CopyTo(frame.AsSpan(Uvarint.Write(frame, (ulong)data.Length)));
        return frame;
    }
}
