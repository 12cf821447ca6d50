namespace Kimura.Embedded.Activations;

/// <summary>Which activation the running turn belongs to.</summary>
internal static class TurnContext
{
    [ThreadStatic]
    private static Activation? s_current;

    internal static Activation? Current
    {
        get => s_current;
        set => s_current = value;
    }
}
