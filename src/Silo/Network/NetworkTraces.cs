using System.Diagnostics;

namespace Kimura.Silo.Network;

/// <summary>The source of the network's spans.</summary>
internal static class NetworkTraces
{
    public static readonly ActivitySource Source = new("Kimura.Silo.Network");
}
