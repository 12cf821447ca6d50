namespace Kimura.Silo.Network.Wire;

/// <summary>Names and limits of the node's protocols (protocol section 6). The messages are in <c>kimura.proto</c>.</summary>
internal static class WireFormat
{
    public const string Topic = "kimura/blocks/1.0.0";
    public const string StatusProtocol = "/kimura/status/1.0.0";
    public const string SyncProtocol = "/kimura/sync/1.0.0";
    public const string SubmitProtocol = "/kimura/submit/1.0.0";

    /// <summary>Most bytes of a frame.</summary>
    public const int MaxFrame = 4 << 20;

    /// <summary>Bytes that a page of blocks is filled to: many may be on their way at once.</summary>
    public const int PageSize = 1 << 20;

    /// <summary>Most bytes of a status: eight addresses and the rest fit many times.</summary>
    public const int MaxStatus = 16 << 10;

    /// <summary>Most addresses of a leader that are told or believed.</summary>
    public const int MaxAddresses = 8;

    /// <summary>Most message ids of one request.</summary>
    public const int MaxIds = 1_000;

    /// <summary>What is left free in a frame for lengths and tags.</summary>
    public const int FrameReserve = 1 << 10;
}
