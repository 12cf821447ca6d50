namespace Kimura.Storage.KeyValue;

/// <summary>The column families of protocol section 4; the name on disk is the lower-case member name.</summary>
public enum Family
{
    /// <summary>No family: never valid.</summary>
    Unspecified = 0,

    /// <summary>Block encodings by height.</summary>
    Blocks,

    /// <summary>Message places and encodings by id.</summary>
    Messages,

    /// <summary>The chain's counters, hashes, nonces and evidence.</summary>
    Metadata,

    /// <summary>Answered messages that are in no block yet.</summary>
    Pending,

    /// <summary>Grain state.</summary>
    Grains,
}
