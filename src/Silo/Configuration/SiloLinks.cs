using System.Net;

namespace Kimura.Silo.Configuration;

/// <summary>How the silos of the Orleans engine reach each other; the embedded engine has no transport of its own.</summary>
public sealed record SiloLinks
{
    /// <summary>The address that other silos and clients connect to; default loopback.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>Port for other silos; 0 takes a free one.</summary>
    public int Port { get; init; } = 11_111;

    /// <summary>Port for clients that call grains: a gateway in a process of its own, or a program; 0 takes a free one.</summary>
    public int GatewayPort { get; init; } = 30_000;

    /// <summary>How often silos of a cluster probe each other, and how long they wait: about three of these declare a silo dead; default 400 ms.</summary>
    public TimeSpan Probe { get; init; } = TimeSpan.FromMilliseconds(400);
}
