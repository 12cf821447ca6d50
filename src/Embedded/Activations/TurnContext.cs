using Orleans.Runtime;

namespace Kimura.Embedded.Activations;

/// <summary>Which activation the running turn belongs to.</summary>
internal static class TurnContext
{
    [ThreadStatic]
    private static IGrainContext? s_current;

    internal static IGrainContext? Current
    {
        get => s_current;
        set => s_current = value;
    }
}
