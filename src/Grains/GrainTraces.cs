using System.Diagnostics;

namespace Kimura.Grains;

/// <summary>The source of the grains' spans.</summary>
internal static class GrainTraces
{
    public static readonly ActivitySource Source = new("Kimura.Grains");
}
