using Orleans;

namespace Kimura.Interfaces;

/// <summary>
/// What was asked for is damaged on this node's disk, and nobody could give the true bytes now. Nothing wrong is answered instead; the
/// damage is known and will be mended, so asking again can help.
/// </summary>
[GenerateSerializer, Alias("kimura.DamagedDataException")]
public sealed class DamagedDataException(string message) : Exception(message);
