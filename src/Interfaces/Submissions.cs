using System.Collections.Immutable;
using Orleans;

namespace Kimura.Interfaces;

/// <summary>
/// Messages to submit: <paramref name="Count"/> canonical message encodings, one after the other, their timestamps 0
/// (protocol section 2; <c>Kimura.Chain.Messages.Message.Encode</c> writes them).
/// </summary>
[GenerateSerializer, Immutable, Alias("kimura.SubmissionBatch")]
public sealed record SubmissionBatch([property: Id(0)] ReadOnlyMemory<byte> Encodings, [property: Id(1)] int Count);

/// <summary>Messages whose signatures the intake has checked, with their ids, 32 bytes each.</summary>
[GenerateSerializer, Immutable, Alias("kimura.VerifiedBatch")]
public sealed record VerifiedBatch(
    [property: Id(0)] ReadOnlyMemory<byte> Encodings, [property: Id(1)] int Count, [property: Id(2)] ReadOnlyMemory<byte> Ids);

/// <summary>What became of a submission, in the order of the checks (protocol section 7).</summary>
public enum SubmissionOutcome
{
    /// <summary>Not decided.</summary>
    Unspecified = 0,

    /// <summary>The content is over the chain's limit (-32008).</summary>
    TooLarge,

    /// <summary>The signature does not fit the key and content, or the key is off the curve (-32001).</summary>
    InvalidSignature,

    /// <summary>A message of this sender with this nonce is known (-32003).</summary>
    Duplicate,

    /// <summary>The nonce is above the expected one (-32002).</summary>
    WrongNonce,

    /// <summary>The pool is full, in all or for this sender (-32006).</summary>
    PoolFull,

    /// <summary>The leader cannot be reached or does not take messages now (-32007).</summary>
    Unavailable,

    /// <summary>On disk; it will be in a block.</summary>
    Accepted,
}

/// <summary>
/// What became of one message: for <see cref="SubmissionOutcome.WrongNonce"/> the nonce expected, for
/// <see cref="SubmissionOutcome.Duplicate"/> whether the known message has the same content, for
/// <see cref="SubmissionOutcome.PoolFull"/> after how many milliseconds to try again.
/// </summary>
[GenerateSerializer, Immutable, Alias("kimura.SubmissionResult")]
public readonly record struct SubmissionResult(
    [property: Id(0)] SubmissionOutcome Outcome,
    [property: Id(1)] ulong ExpectedNonce = 0,
    [property: Id(2)] bool SameContent = false,
    [property: Id(3)] int RetryAfterMilliseconds = 0);

/// <summary>One result a message, in the order they were submitted, and the messages' ids, 32 bytes each.</summary>
[GenerateSerializer, Immutable, Alias("kimura.SubmissionResults")]
public sealed record SubmissionResults(
    [property: Id(0)] ImmutableArray<SubmissionResult> Results, [property: Id(1)] ReadOnlyMemory<byte> Ids);
