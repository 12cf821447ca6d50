using System.Collections.Immutable;
using Orleans;

namespace Kimura.Interfaces;

/// <summary>A block encoding and its message encodings, in block order, one after the other.</summary>
[GenerateSerializer, Immutable, Alias("kimura.IncomingBlock")]
public sealed record IncomingBlock([property: Id(0)] ReadOnlyMemory<byte> Encoding, [property: Id(1)] ReadOnlyMemory<byte> Messages);

/// <summary>Consecutive blocks, lowest first. What it holds in memory is the caller's to bound.</summary>
[GenerateSerializer, Immutable, Alias("kimura.BlockRun")]
public sealed record BlockRun([property: Id(0)] ImmutableArray<IncomingBlock> Blocks);

/// <summary>The protocol's name of a verdict (section 3), and for <c>bad_message</c> and <c>bad_nonce</c> the index; -1 otherwise.</summary>
[GenerateSerializer, Immutable, Alias("kimura.BlockVerdict")]
public sealed record BlockVerdict([property: Id(0)] string Verdict, [property: Id(1)] int Index = -1);

/// <summary>
/// How many blocks of a run are stored now, those that were before counted in, and the verdict of the first that is not: <c>ok</c> when
/// all are. <paramref name="WrongDelivery"/>: messages were missing or others than listed, so whoever delivered is to blame and not the producer.
/// </summary>
[GenerateSerializer, Immutable, Alias("kimura.RunVerdict")]
public sealed record RunVerdict([property: Id(0)] int Stored, [property: Id(1)] BlockVerdict Verdict, [property: Id(2)] bool WrongDelivery = false);

/// <summary>
/// What became of a block's messages, and the height up to which all messages are stored now: null when none is lacking at all.
/// <paramref name="WrongDelivery"/> as in <see cref="RunVerdict"/>.
/// </summary>
[GenerateSerializer, Immutable, Alias("kimura.BodiesVerdict")]
public sealed record BodiesVerdict(
    [property: Id(0)] BlockVerdict Verdict, [property: Id(1)] ulong? BodiesHeight, [property: Id(2)] bool WrongDelivery = false);
