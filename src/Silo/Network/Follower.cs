using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Chain.Verification;
using Kimura.Grains;
using Kimura.Interfaces;
using Kimura.Libp2p.Identities;
using Kimura.Storage;
using Kimura.Storage.Ledger;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Kimura.Silo.Network;

/// <summary>
/// Brings this node's chain to where the farthest peer is: fetches what is missing, a few requests at a time, and has the chain grain
/// verify and store it in order. Gossip and statuses only say that there is something to fetch.
/// </summary>
internal sealed partial class Follower(
    ChainStore chain,
    NodeOptions options,
    NetworkOptions network,
    IGrainFactory grains,
    PeerBook peers,
    SyncClient client,
    BlocksInHand inHand,
    Conduct conduct,
    NetworkInstruments instruments,
    TimeProvider time,
    ILogger<Follower> logger,
    LeaderLink? leader = null)
{
    private const int Parallel = 4;
    private const int MaxBlocks = 512;
    private const ulong MaxAhead = 16;
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);

    // How long the neighbours may fail to give what somebody says there is.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly WakeUp _wakeUp = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, (PeerId Peer, ReadOnlyMemory<byte> Encoding)> _offered = [];
    private readonly SyncProgress _progress = new(time, logger);
    private double _blockBytes = 4_096;
    private string? _refusal;

    private IChainGrain Grain => grains.GetGrain<IChainGrain>(options.SiloName);

    /// <summary>There may be something to fetch.</summary>
    public void Wake() => _wakeUp.Set();

    /// <summary>A block that came whole, checked but for its bodies: one that lists none, or whose bodies are not wanted, needs no fetching.</summary>
    public void Offer(PeerId peer, Block block)
    {
        var tip = chain.Tip.Height;
        if ((block.Count == 0 || !network.WithBodies) && block.Height > tip && block.Height - tip <= MaxAhead)
        {
            lock (_gate)
            {
                foreach (var old in _offered.Keys.Where(height => height <= tip).ToList())
                {
                    _offered.Remove(old);
                }

                _offered[block.Height] = (peer, block.Encoding);
            }
        }

        _wakeUp.Set();
    }

    public async Task RunAsync(CancellationToken stop)
    {
        var pause = ShortestPause;
        long? stuck = null;
        while (true)
        {
            var before = (chain.Tip.Height, chain.BodiesHeight);
            var isDone = await TryCatchUpAsync(stop);
            var isWhereItWas = before == (chain.Tip.Height, chain.BodiesHeight);
            stuck = isWhereItWas ? stuck : null;
            if (isDone)
            {
                pause = ShortestPause;
                await _wakeUp.WaitAsync(Idle, time, stop);
            }
            else if (isWhereItWas)
            {
                stuck ??= time.GetTimestamp();
                if (time.GetElapsedTime(stuck.Value) > Patience)
                {
                    // Neighbours may all be of those that store no messages.
                    leader?.Reach();
                }

                // Nobody could serve it: a new word of somebody's ends the longer wait, but not the shortest.
                await Task.Delay(ShortestPause, time, stop);
                await _wakeUp.WaitAsync(pause, time, stop);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }

    // Damage that is in the way and cannot be mended now, or a disk without room, ends the round and not the following.
    private async Task<bool> TryCatchUpAsync(CancellationToken stop)
    {
        try
        {
            return chain.Pause is null && await CompleteBodiesAsync(stop) && await CatchUpAsync(stop);
        }
        catch (StorageException damage) when (damage.Fault == StorageFault.Corrupt)
        {
            LogDamaged(logger, damage.Message);
            return false;
        }
    }

    // False where there is more, but nobody to get it from.
    private async Task<bool> CatchUpAsync(CancellationToken stop)
    {
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var flights = new LinkedList<Task<Fetched>>();
        var avoided = new HashSet<PeerId>();
        var next = chain.Tip.Height + 1;
        try
        {
            while (true)
            {
                while (flights.Count < Parallel && next <= peers.Target
                    && Launch(next, peers.Target, flights.Count == 0, avoided, abandon.Token) is var (flight, last))
                {
                    flights.AddLast(flight);
                    next = last + 1;
                }

                if (flights.First is not { } first)
                {
                    return chain.Tip.Height >= peers.Target;
                }

                var fetched = await first.Value;
                flights.RemoveFirst();
                var from = fetched.First + (ulong)await StoreAsync(fetched, avoided);
                if (from > fetched.Last)
                {
                    continue;
                }

                // The rest of what this one was to bring comes first; what was asked for behind it joins on only if all of it comes.
                if (Launch(from, fetched.Last, isNext: true, avoided, abandon.Token) is not var (again, end))
                {
                    return false;
                }

                flights.AddFirst(again);
                if (end < fetched.Last)
                {
                    return false;
                }
            }
        }
        finally
        {
            abandon.Cancel();
            await AbandonAsync(flights);
        }
    }

    private (Task<Fetched> Flight, ulong Last)? Launch(ulong first, ulong last, bool isNext, HashSet<PeerId> avoided, CancellationToken stop)
    {
        if (TakeOffered(first) is var (from, encoding))
        {
            return (Task.FromResult(new Fetched(from, first, first, [new IncomingBlock(encoding, default)], encoding.Length, FetchEnd.Complete)), first);
        }

        if (peers.Choose(first, avoided) is not var (peer, height))
        {
            return null;
        }

        var count = Math.Clamp((ulong)(SyncClient.StepBytes / 4 / _blockBytes), 1, MaxBlocks);
        last = Math.Min(Math.Min(last, height), first + count - 1);
        return (client.FetchAsync(peer, first, last, network.WithBodies, isNext, stop), last);
    }

    private (PeerId Peer, ReadOnlyMemory<byte> Encoding)? TakeOffered(ulong height)
    {
        lock (_gate)
        {
            return _offered.Remove(height, out var offered) ? offered : null;
        }
    }

    // How many of the blocks are stored now. Who did not deliver is not asked again in this round.
    private async Task<int> StoreAsync(Fetched fetched, HashSet<PeerId> avoided)
    {
        var stored = 0;
        if (!fetched.Blocks.IsEmpty)
        {
            if (fetched.Blocks is [var only] && network.WithBodies)
            {
                inHand.Hold(only.Encoding, only.Messages, options.Producers);
            }

            var run = new BlockRun(fetched.Blocks);
            var answer = network.WithBodies ? await Grain.AcceptAsync(run) : await Grain.AcceptListsAsync(run);
            inHand.Stored(chain.Tip.Height);
            stored = answer.Stored;
            instruments.Fetched(stored);
            _blockBytes = (_blockBytes + (fetched.Bytes / (double)fetched.Blocks.Length)) / 2;
            if (stored == 1 && fetched.Blocks is [var block])
            {
                LogStored(logger, fetched.First, (block.Encoding.Length - Block.PrefixSize) / MerkleTree.EntrySize);
            }

            _progress.Stored(fetched.Blocks.Take(stored), chain.Tip.Height, peers.Target);
            if (stored < fetched.Blocks.Length)
            {
                Refused(fetched, answer, avoided);
                return stored;
            }
        }

        if (fetched.End is FetchEnd.Violation)
        {
            instruments.Judged("malformed", "sync");
            conduct.Blame(fetched.Peer, "sent blocks that were not asked for");
        }

        if (fetched.End is FetchEnd.Violation or FetchEnd.Failed or FetchEnd.Exhausted)
        {
            peers.Doubt(fetched.Peer);
            avoided.Add(fetched.Peer);
        }

        return stored;
    }

    private void Refused(Fetched fetched, RunVerdict answer, HashSet<PeerId> avoided)
    {
        var verdict = VerdictExtensions.Parse(answer.Verdict.Verdict);
        var height = fetched.First + (ulong)answer.Stored;
        instruments.Judged(answer.Verdict.Verdict, "sync");
        avoided.Add(fetched.Peer);
        if (answer.WrongDelivery || verdict is Verdict.Malformed or Verdict.TooLarge or Verdict.BadRoot or Verdict.BadProducer or Verdict.BadSignature)
        {
            conduct.Blame(fetched.Peer, $"block {height} from it: {answer.Verdict.Verdict}");
            return;
        }

        // Signed by the leader and still not to be had: no peer is to blame, and nobody can help.
        peers.Doubt(fetched.Peer);
        var refusal = $"{height} {answer.Verdict.Verdict}";
        if (verdict is not (Verdict.Future or Verdict.Gap) && _refusal != refusal)
        {
            _refusal = refusal;
            LogRefused(logger, height, answer.Verdict.Verdict, fetched.Peer);
        }
    }

    private static async Task AbandonAsync(IEnumerable<Task<Fetched>> flights)
    {
        foreach (var flight in flights)
        {
            try
            {
                await flight;
            }
            catch (OperationCanceledException)
            {
                // Abandoned.
            }
        }
    }
}
