namespace Kimura.Storage.Ledger.Mending;

/// <summary>What a step of a scrub read, in bytes, and what it found damaged.</summary>
public sealed record ScrubStep(long Bytes, IReadOnlyList<(Damage Damage, StorageException Found)> Found);
