using System.Net;

namespace Kimura.Silo.Configuration;

/// <summary>Where a silo of the Orleans engine is reached; the embedded engine has no transport of its own.</summary>
public sealed record SiloEndpoints
{
    /// <summary>The address that other silos and clients connect to; default loopback.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>Port for other silos; 0 takes a free one.</summary>
    public int Port { get; init; } = 11_111;

    /// <summary>Port for clients that call grains: a gateway in a process of its own, or a program; 0 takes a free one.</summary>
    public int GatewayPort { get; init; } = 30_000;
}
