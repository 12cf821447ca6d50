using System.Collections.Concurrent;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;

namespace Kimura.Chain.Verification;

/// <summary>A verdict over bodies, and the index of the message it names (-1 where it names none).</summary>
/// <param name="Verdict">What is wrong first, or <see cref="Verdict.Ok"/>.</param>
/// <param name="Index">The message's place in the block.</param>
/// <param name="WrongDelivery">
/// True if a body is missing or is not the one listed: whoever delivered the bodies is to blame, and the block may be right with
/// others. Every other fault of bodies is the producer's.
/// </param>
public readonly record struct BodyCheck(Verdict Verdict, int Index, bool WrongDelivery = false)
{
    /// <summary>All is well.</summary>
    public static BodyCheck Ok { get; } = new(Verdict.Ok, -1);
}

/// <summary>The checks of a block's messages against its list (protocol section 3).</summary>
public static class BodyVerifier
{
    /// <summary>
    /// All checks of a block with its bodies, in order: the list, one body for each entry, each body, their size, the nonces. The
    /// signatures are checked side by side. <paramref name="next"/> is as in <see cref="CheckNonces"/>.
    /// </summary>
    public static async Task<BodyCheck> CheckAsync(
        Block block, IReadOnlyList<Message> bodies, IDictionary<PublicKey, ulong> next, ChainParameters parameters, IWorkers workers)
    {
        var check = CheckList(block);
        check = check.Verdict == Verdict.Ok ? CheckCount(block, bodies) : check;
        if (check.Verdict == Verdict.Ok)
        {
            var found = new ConcurrentBag<BodyCheck>();
            await workers.RunAsync(bodies.Count, (from, to) => found.Add(CheckBodies(block, bodies, from, to, parameters)));
            check = found.Where(one => one.Verdict != Verdict.Ok).OrderBy(one => one.Index).FirstOrDefault(BodyCheck.Ok);
        }

        // The size speaks against the producer only once the bodies are known to be the ones listed.
        check = check.Verdict == Verdict.Ok ? CheckSize(bodies, parameters) : check;
        return check.Verdict == Verdict.Ok ? CheckNonces(bodies, next) : check;
    }

    /// <summary>One body for each entry of the list.</summary>
    public static BodyCheck CheckCount(Block block, IReadOnlyList<Message> bodies) => bodies.Count == block.Count
        ? BodyCheck.Ok
        : new BodyCheck(Verdict.BadMessage, Math.Min(bodies.Count, block.Count), WrongDelivery: true);

    /// <summary>
    /// Each body is the one listed and valid. Pure for a range, so that ranges can be checked side by side; names the first fault.
    /// </summary>
    public static BodyCheck CheckBodies(Block block, IReadOnlyList<Message> bodies, int from, int to, ChainParameters parameters)
    {
        for (var i = from; i < to; i++)
        {
            var check = CheckBody(block, i, bodies[i], parameters);
            if (check.Verdict != Verdict.Ok)
            {
                return check;
            }
        }

        return BodyCheck.Ok;
    }

    /// <summary>A body is the one listed at <paramref name="index"/>, and valid.</summary>
    public static BodyCheck CheckBody(Block block, int index, in Message body, ChainParameters parameters)
    {
        if (body.ComputeHash() != block.MessageHashAt(index))
        {
            return new BodyCheck(Verdict.BadMessage, index, WrongDelivery: true);
        }

        if (body.ComputeId() != block.IdAt(index) || body.Content.Length > parameters.MaxContent || !body.HasValidSignature(parameters))
        {
            return new BodyCheck(Verdict.BadMessage, index);
        }

        return body.Timestamp > block.Header.Timestamp ? new BodyCheck(Verdict.BadTimestamp, index) : BodyCheck.Ok;
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
