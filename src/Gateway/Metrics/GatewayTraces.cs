using System.Diagnostics;

namespace Kimura.Gateway.Metrics;

/// <summary>The source of the gateway's spans.</summary>
internal static class GatewayTraces
{
    public static readonly ActivitySource Source = new("Kimura.Gateway");
}
