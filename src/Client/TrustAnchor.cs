using Kimura.Chain;
using Kimura.Chain.Merkle;

namespace Kimura.Client;

/// <summary>What became of a check, in its order.</summary>
public enum VerificationOutcome
{
    /// <summary>Not decided.</summary>
    Unspecified = 0,

    /// <summary>The sender's signature does not fit.</summary>
    BadSenderSignature,

    /// <summary>The message is in no block, or the proof is of another place.</summary>
    WrongPlace,

    /// <summary>The proof is of another message.</summary>
    WrongMessageHash,

    /// <summary>The path does not lead to the header's message root.</summary>
    WrongPath,

    /// <summary>The block names another producer than the leader.</summary>
    WrongProducer,

    /// <summary>The producer's signature does not fit.</summary>
    BadProducerSignature,

    /// <summary>Signed by its sender, in this place, in a block signed by the leader.</summary>
    Verified,
}

/// <summary>
/// What a client believes without proof: which chain it is, and who leads it. Everything else is checked against these two (protocol sections 2 and 3);
/// the node is trusted for nothing but the bytes.
/// </summary>
/// <param name="Parameters">The chain.</param>
/// <param name="LeaderKey">The leader's key, known by another way than from the node.</param>
public sealed record TrustAnchor(ChainParameters Parameters, PublicKey LeaderKey)
{
    /// <summary>Checks a message from its bytes up to the leader's signature.</summary>
    public VerificationOutcome Verify(KnownMessage known, InclusionProof proof)
    {
        var message = known.Message;
        if (!message.HasValidSignature(Parameters))
        {
            return VerificationOutcome.BadSenderSignature;
        }

        if (known.Place is not { } place || place.Height != proof.Header.Height || place.Index != proof.Index)
        {
            return VerificationOutcome.WrongPlace;
        }

        if (message.ComputeHash() != proof.MessageHash)
        {
            return VerificationOutcome.WrongMessageHash;
        }

        var leaf = MerkleTree.Leaf(message.ComputeId(), proof.MessageHash);
        if (MerkleTree.RootFromPath(leaf, proof.Index, proof.Count, proof.Path.Span) != proof.Header.MessageRoot)
        {
            return VerificationOutcome.WrongPath;
        }

        if (proof.Header.Producer != LeaderKey)
        {
            return VerificationOutcome.WrongProducer;
        }

        return proof.Header.HasValidSignature(proof.Header.ComputeHash()) ? VerificationOutcome.Verified : VerificationOutcome.BadProducerSignature;
    }
}
