using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;

namespace Kimura.Chain.Verification;

/// <summary>A verdict over bodies, and the index of the message it names (-1 where it names none).</summary>
public readonly record struct BodyCheck(Verdict Verdict, int Index)
{
    /// <summary>All is well.</summary>
    public static BodyCheck Ok { get; } = new(Verdict.Ok, -1);
}

/// <summary>The checks of a block's messages against its list (protocol section 3).</summary>
public static class BodyVerifier
{
    /// <summary>
    /// Each body is the one listed and valid. Pure for a range, so that ranges can be checked side by side; names the first fault.
    /// </summary>
    public static BodyCheck CheckBodies(Block block, IReadOnlyList<Message> bodies, int from, int to, ChainParameters parameters)
    {
        for (var i = from; i < to; i++)
        {
            var body = bodies[i];
            if (body.Content.Length > parameters.MaxContent
                || body.ComputeHash() != block.MessageHashAt(i)
                || body.ComputeId() != block.IdAt(i)
                || !body.HasValidSignature(parameters))
            {
                return new BodyCheck(Verdict.BadMessage, i);
            }

            if (body.Timestamp > block.Header.Timestamp)
            {
                return new BodyCheck(Verdict.BadTimestamp, i);
            }
        }

        return BodyCheck.Ok;
    }

    /// <summary>No id stands twice in the list.</summary>
    public static BodyCheck CheckList(Block block)
    {
        var seen = new HashSet<MessageId>(block.Count);
        for (var i = 0; i < block.Count; i++)
        {
            if (!seen.Add(block.IdAt(i)))
            {
                return new BodyCheck(Verdict.BadMessage, i);
            }
        }

        return BodyCheck.Ok;
    }

    /// <summary>
    /// Every sender's nonces go on by one. <paramref name="next"/> holds each sender's next nonce before the block, and after it on
    /// return; a sender not in it starts at 0.
    /// </summary>
    public static BodyCheck CheckNonces(IReadOnlyList<Message> bodies, IDictionary<PublicKey, ulong> next)
    {
        for (var i = 0; i < bodies.Count; i++)
        {
            var sender = bodies[i].Sender;
            next.TryGetValue(sender, out var expected);
            if (bodies[i].Nonce != expected)
            {
                return new BodyCheck(Verdict.BadNonce, i);
            }

            next[sender] = expected + 1;
        }

        return BodyCheck.Ok;
    }

    /// <summary>The encodings together are within the chain's limit.</summary>
    public static BodyCheck CheckSize(IReadOnlyList<Message> bodies, ChainParameters parameters) =>
        bodies.Sum(body => (long)body.Encoding.Length) <= parameters.MaxMessageBytes ? BodyCheck.Ok : new BodyCheck(Verdict.TooLarge, -1);
}
