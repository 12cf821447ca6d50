using System.Collections.Concurrent;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;

namespace Kimura.Chain.Verification;

/// <summary>A block as it was delivered: with its bodies, or null where only its list counts.</summary>
public readonly record struct Delivery(Block Block, IReadOnlyList<Message>? Bodies);

/// <summary>
/// The checks of many blocks at once (protocol section 3): all that needs no other block, the signatures above all, as one piece of work that
/// every core shares however few messages a block has.
/// </summary>
public static class RunVerifier
{
    /// <summary>
    /// For each block the first fault that it has by itself: list against root, producer, signature, then the list, the count and each body.
    /// Place, size and nonces are left to <see cref="CheckSequence"/>.
    /// </summary>
    public static async Task<IReadOnlyList<BodyCheck>> CheckSelvesAsync(
        IReadOnlyList<Delivery> run, ChainParameters parameters, ProducerSchedule producers, IWorkers workers)
    {
        // The items of block i, from starts[i] on: the block itself, then its bodies.
        var starts = new int[run.Count + 1];
        var counts = new BodyCheck[run.Count];
        for (var i = 0; i < run.Count; i++)
        {
            counts[i] = run[i].Bodies is { } bodies ? BodyVerifier.CheckCount(run[i].Block, bodies) : BodyCheck.Ok;
            starts[i + 1] = starts[i] + 1 + (counts[i].Verdict == Verdict.Ok ? run[i].Bodies?.Count ?? 0 : 0);
        }

        var faults = new ConcurrentBag<(int Block, int Item, BodyCheck Check)>();
        await workers.RunAsync(starts[^1], (from, to) =>
        {
            var block = Array.BinarySearch(starts, from) is var at && at < 0 ? ~at - 1 : at;
            for (var item = from; item < to; item++)
            {
                block += item == starts[block + 1] ? 1 : 0;
                var index = item - starts[block] - 1;
                var check = index < 0
                    ? CheckItself(run[block].Block, counts[block], producers)
                    : BodyVerifier.CheckBody(run[block].Block, index, run[block].Bodies![index], parameters);
                if (check.Verdict != Verdict.Ok)
                {
                    faults.Add((block, item, check));
                }
            }
        });
        return FirstOf(faults, run.Count);
    }

    /// <summary>
    /// Goes on from <paramref name="tip"/> block by block as far as all is well, and gives how many are and what is wrong with the first
    /// that is not. <paramref name="selves"/> comes from <see cref="CheckSelvesAsync"/>; the heights go on by one from the tip's.
    /// <paramref name="next"/> is as in <see cref="BodyVerifier.CheckNonces"/>; null: nonces are not checked.
    /// </summary>
    public static (int Good, BodyCheck Fault) CheckSequence(
        IReadOnlyList<Delivery> run,
        IReadOnlyList<BodyCheck> selves,
        Block tip,
        IDictionary<PublicKey, ulong>? next,
        ChainParameters parameters,
        ulong now)
    {
        for (var i = 0; i < run.Count; i++)
        {
            var check = CheckNext(run[i], selves[i], tip, next, parameters, now);
            if (check.Verdict != Verdict.Ok)
            {
                return (i, check);
            }

            tip = run[i].Block;
        }

        return (run.Count, BodyCheck.Ok);
    }

    private static BodyCheck CheckNext(
        in Delivery delivery, BodyCheck self, Block tip, IDictionary<PublicKey, ulong>? next, ChainParameters parameters, ulong now)
    {
        if (self.Verdict is Verdict.BadRoot or Verdict.BadProducer or Verdict.BadSignature)
        {
            return self;
        }

        var place = BlockVerifier.CheckPlace(delivery.Block, tip, stored: null, now);
        if (place != Verdict.Ok)
        {
            return new BodyCheck(place, -1);
        }

        if (self.Verdict != Verdict.Ok || delivery.Bodies is null)
        {
            return self;
        }

        var size = BodyVerifier.CheckSize(delivery.Bodies, parameters);
        return size.Verdict == Verdict.Ok && next is not null ? BodyVerifier.CheckNonces(delivery.Bodies, next) : size;
    }

    private static BodyCheck CheckItself(Block block, BodyCheck count, ProducerSchedule producers)
    {
        var verdict = BlockVerifier.CheckSelf(block, producers);
        if (verdict != Verdict.Ok)
        {
            return new BodyCheck(verdict, -1);
        }

        var list = BodyVerifier.CheckList(block);
        return list.Verdict == Verdict.Ok ? count : list;
    }

    private static BodyCheck[] FirstOf(IEnumerable<(int Block, int Item, BodyCheck Check)> faults, int count)
    {
        var first = new BodyCheck[count];
        Array.Fill(first, BodyCheck.Ok);
        foreach (var (block, _, check) in faults.OrderByDescending(fault => fault.Item))
        {
            first[block] = check;
        }

        return first;
    }
}
