namespace Kimura.Tests.Integration.Harness;

/// <summary>What a node under test is told because of the engine that it is built with.</summary>
internal static class Engine
{
    /// <summary>Other processes reach a node's grains.</summary>
    public static bool HasTransport => true;

    /// <summary>Why a test is skipped that needs that.</summary>
    public const string NeedsTransport = "needs the Orleans engine";

    // The defaults are two fixed ports, and many nodes run at once.
    public static IReadOnlyDictionary<string, string> Environment { get; } = new Dictionary<string, string>
    {
        ["KIMURA_SILO_PORT"] = "0",
        ["KIMURA_SILO_GATEWAY_PORT"] = "0",
    };
}
