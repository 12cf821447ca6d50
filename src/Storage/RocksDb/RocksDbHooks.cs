namespace Kimura.Storage.RocksDb;

/// <summary>What a test may do to the writer.</summary>
internal sealed class RocksDbHooks
{
    /// <summary>
    /// Called on the writer's thread before a run of so many commits is written; may hold it. A returned text is taken for the library's
    /// error, and nothing is written.
    /// </summary>
    internal Func<int, string?>? BeforeWrite { get; init; }
}
