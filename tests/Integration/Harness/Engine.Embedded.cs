namespace Kimura.Tests.Integration.Harness;

/// <summary>What a node under test is told because of the engine that it is built with.</summary>
internal static class Engine
{
    /// <summary>Other processes reach a node's grains.</summary>
    public static bool HasTransport => false;

    /// <summary>Why a test is skipped that needs that.</summary>
    public const string NeedsTransport = "needs the Orleans engine: python3 blockchain.py setup --engine orleans";

    public static IReadOnlyDictionary<string, string> Environment { get; } = new Dictionary<string, string>();
}
