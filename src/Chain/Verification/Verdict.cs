namespace Kimura.Chain.Verification;

/// <summary>What a verifier says of a block (protocol section 3), in the order of the checks.</summary>
public enum Verdict
{
    /// <summary>Not checked.</summary>
    Unspecified = 0,

    /// <summary>Not the encoding of a block.</summary>
    Malformed,

    /// <summary>Over a limit of the chain.</summary>
    TooLarge,

    /// <summary>The list does not lead to the header's root: the relay's fault, not the producer's.</summary>
    BadRoot,

    /// <summary>Not made by the leader of that height.</summary>
    BadProducer,

    /// <summary>The producer's signature does not fit.</summary>
    BadSignature,

    /// <summary>At or below the tip, and the one stored there.</summary>
    Duplicate,

    /// <summary>At or below the tip, validly signed, and another than the one stored there: evidence against the producer.</summary>
    Equivocation,

    /// <summary>Above the next height: blocks in between are missing.</summary>
    Gap,

    /// <summary>Does not link to the tip.</summary>
    BadPrevHash,

    /// <summary>Not later than the tip, or earlier than one of its messages.</summary>
    BadTimestamp,

    /// <summary>Too far ahead of the verifier's clock: may be tried again later.</summary>
    Future,

    /// <summary>A message is not the one listed, is listed twice, or is not valid.</summary>
    BadMessage,

    /// <summary>A sender's nonces do not go on by one.</summary>
    BadNonce,

    /// <summary>The next block of this chain.</summary>
    Ok,
}

/// <summary>What follows from a verdict.</summary>
public static class VerdictExtensions
{
    /// <summary>True if the same bytes can never become right.</summary>
    public static bool IsPermanent(this Verdict verdict) => verdict is not (Verdict.Ok or Verdict.Gap or Verdict.Future or Verdict.Unspecified);

    /// <summary>True if whoever handed the bytes on is to blame: faults of bodies are the producer's.</summary>
    public static bool BlamesPeer(this Verdict verdict) => verdict is Verdict.Malformed or Verdict.TooLarge or Verdict.BadRoot
        or Verdict.BadProducer or Verdict.BadSignature or Verdict.BadPrevHash or Verdict.BadTimestamp;

    /// <summary>The verdict with a protocol name.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No verdict has that name.</exception>
    public static Verdict Parse(string name)
    {
        for (var verdict = Verdict.Malformed; verdict <= Verdict.Ok; verdict++)
        {
            if (verdict.ToProtocolName() == name)
            {
                return verdict;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(name), name, "no such verdict");
    }

    /// <summary>The protocol's name: <c>bad_root</c> and so on.</summary>
    public static string ToProtocolName(this Verdict verdict) => verdict switch
    {
        Verdict.Malformed => "malformed",
        Verdict.TooLarge => "too_large",
        Verdict.BadRoot => "bad_root",
        Verdict.BadProducer => "bad_producer",
        Verdict.BadSignature => "bad_signature",
        Verdict.Duplicate => "duplicate",
        Verdict.Equivocation => "equivocation",
        Verdict.Gap => "gap",
        Verdict.BadPrevHash => "bad_prev_hash",
        Verdict.BadTimestamp => "bad_timestamp",
        Verdict.Future => "future",
        Verdict.BadMessage => "bad_message",
        Verdict.BadNonce => "bad_nonce",
        Verdict.Ok => "ok",
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, "no such verdict"),
    };
}
