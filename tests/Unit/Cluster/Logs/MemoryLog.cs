using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Storage.Ledger;
using Kimura.Storage.Log;

namespace Kimura.Tests.Unit.Cluster.Logs;

/// <summary>What happens to a call of the shared log.</summary>
public enum LogFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It does not reach the log.</summary>
    Unreachable,

    /// <summary>It is carried out, but the answer is lost.</summary>
    AnswerLost,

    /// <summary>It is lost, but nobody can tell.</summary>
    CallLost,
}

/// <summary>The state that the silos of a cluster share, in memory.</summary>
public sealed class MemoryLogState(ChainParameters parameters)
{
    public Lock Gate { get; } = new();

    /// <summary>Asked for each call, by name, what happens to it.</summary>
    public Func<string, LogFault> Faults { get; set; } = static _ => LogFault.None;

    internal List<Delivery> Blocks { get; } = [new Delivery(parameters.Genesis, [])];

    internal Dictionary<MessageId, (ulong Height, Message Message)> Messages { get; } = [];

    internal SortedDictionary<ulong, PendingMessage> Pending { get; } = [];

    internal ulong LeaderEpoch { get; set; }

    internal ulong PoolEpoch { get; set; }

    internal LeaderPlace? Leader { get; set; }

    internal TaskCompletionSource News { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal LogTip Tip => new(Blocks[^1].Block.Height, Blocks[^1].Block.Hash);

    /// <summary>Takes the log back to a height, as a restored backup does.</summary>
    public void Rewind(ulong height)
    {
        lock (Gate)
        {
            Blocks.RemoveRange((int)height + 1, Blocks.Count - (int)height - 1);
        }
    }
}

/// <summary>The shared log in memory, as one silo sees it: the same rules as in PostgreSQL, with faults where a test asks for them.</summary>
public sealed class MemoryLog(MemoryLogState state, TimeProvider time) : ISharedLog
{
    private ulong _leaderEpoch;
    private ulong _poolEpoch;

    public ulong LeaderEpoch => Volatile.Read(ref _leaderEpoch);

    public ulong PoolEpoch => Volatile.Read(ref _poolEpoch);

    public Task<bool> TakeLeaderEpochAsync(ulong epoch) => AskAsync("take leader", () =>
    {
        var isTaken = epoch > state.LeaderEpoch;
        (state.LeaderEpoch, state.Leader) = isTaken ? (epoch, null) : (state.LeaderEpoch, state.Leader);
        Volatile.Write(ref _leaderEpoch, state.LeaderEpoch);
        return isTaken;
    });

    public Task<bool> TakePoolEpochAsync(ulong epoch) => AskAsync("take pool", () =>
    {
        var isTaken = epoch > state.PoolEpoch;
        state.PoolEpoch = Math.Max(epoch, state.PoolEpoch);
        Volatile.Write(ref _poolEpoch, state.PoolEpoch);
        return isTaken;
    });

    public Task<bool> IsPoolEpochAsync(ulong epoch) => AskAsync("is pool", () =>
    {
        if (epoch != state.PoolEpoch)
        {
            Interlocked.CompareExchange(ref _poolEpoch, 0, epoch);
        }

        return epoch == state.PoolEpoch;
    });

    public async Task<CommitOutcome> StorePendingAsync(ulong epoch, IReadOnlyList<PendingMessage> messages)
    {
        var outcome = await WriteAsync("store", () =>
        {
            if (epoch == 0 || epoch != state.PoolEpoch)
            {
                return CommitOutcome.Fenced;
            }

            foreach (var message in messages)
            {
                state.Pending.Add(message.Arrival, message);
            }

            return CommitOutcome.Committed;
        });
        if (outcome.IsOver())
        {
            Interlocked.CompareExchange(ref _poolEpoch, 0, epoch);
        }

        return outcome;
    }

    public Task<CommitOutcome> CommitProducedAsync(ulong epoch, Block block) => WriteAsync("commit", () =>
    {
        if (epoch == 0 || epoch != state.LeaderEpoch)
        {
            Volatile.Write(ref _leaderEpoch, state.LeaderEpoch);
            return CommitOutcome.Fenced;
        }

        var pending = state.Pending.Values.ToDictionary(message => message.Id);
        if (block.Height != state.Tip.Height + 1 || block.Header.PrevHash != state.Tip.Hash
            || !Enumerable.Range(0, block.Count).All(i => pending.TryGetValue(block.IdAt(i), out var found) && found.Hash == block.MessageHashAt(i)))
        {
            return CommitOutcome.Stale;
        }

        var bodies = Enumerable.Range(0, block.Count).Select(i => pending[block.IdAt(i)]).ToList();
        foreach (var body in bodies)
        {
            state.Pending.Remove(body.Arrival);
            state.Messages.Add(body.Id, (block.Height, body.Message));
        }

        state.Blocks.Add(new Delivery(block, bodies.ConvertAll(body => body.Message)));
        state.News.TrySetResult();
        state.News = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return CommitOutcome.Committed;
    });

    public Task<LogTip> ReadTipAsync() => AskAsync("tip", () => state.Tip);

    public Task<IReadOnlyList<Delivery>> ReadBlocksAsync(ulong from, int most) =>
        AskAsync<IReadOnlyList<Delivery>>("blocks", () => [.. state.Blocks.Skip((int)from).Take(most)]);

    public Task<PendingPool> ReadPendingAsync() => AskAsync("pending", () => new PendingPool(state.Tip, [.. state.Pending.Values]));

    public Task<bool> MayFollowAsync(Block block) => HoldsAsync(new LogTip(block.Height, block.Hash));

    public Task<LogNews> ReadNewsAsync() => AskAsync("news", () =>
    {
        Volatile.Write(ref _leaderEpoch, Math.Max(LeaderEpoch, state.LeaderEpoch));
        return new LogNews(state.Tip, state.LeaderEpoch, state.Leader);
    });

    public async Task WaitForNewsAsync(TimeSpan within, CancellationToken cancellationToken)
    {
        var news = await AskAsync("wait", () => state.News.Task);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(news, Task.Delay(within, time, done.Token));
        await done.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    public Task<bool> NameLeaderAsync(ulong epoch, LeaderPlace place) => AskAsync("name", () =>
    {
        state.Leader = epoch == state.LeaderEpoch ? place : state.Leader;
        return epoch == state.LeaderEpoch;
    });

    public Task<bool> HoldsAsync(LogTip block) => AskAsync("holds", () => block.Height <= state.Tip.Height && state.Blocks[(int)block.Height].Block.Hash == block.Hash);

    public Task<ReadOnlyMemory<byte>?> FindMessageAsync(MessageId id) => AskAsync<ReadOnlyMemory<byte>?>("message", () =>
        state.Messages.TryGetValue(id, out var found) ? found.Message.Encoding
        : state.Pending.Values.FirstOrDefault(message => message.Id == id)?.Message.Encoding);

    public Task<(ulong? Next, LogTip Tip)> FindNonceAsync(PublicKey sender) => AskAsync<(ulong?, LogTip)>("nonce", () =>
        (state.Pending.Values.LastOrDefault(message => message.Message.Sender == sender)?.Message.Nonce + 1, state.Tip));

    private async Task<T> AskAsync<T>(string call, Func<T> work)
    {
        await Task.Yield();
        lock (state.Gate)
        {
            return state.Faults(call) switch
            {
                LogFault.None => work(),
                LogFault.AnswerLost => Lose(work),
                _ => throw Unavailable(),
            };
        }

        static T Lose(Func<T> work)
        {
            _ = work();
            throw Unavailable();
        }
    }

    private async Task<CommitOutcome> WriteAsync(string call, Func<CommitOutcome> work)
    {
        await Task.Yield();
        lock (state.Gate)
        {
            switch (state.Faults(call))
            {
                case LogFault.None:
                    return work();
                case LogFault.Unreachable:
                    return CommitOutcome.Unavailable;
                case LogFault.AnswerLost:
                    _ = work();
                    return CommitOutcome.Unknown;
                default:
                    return CommitOutcome.Unknown;
            }
        }
    }

    private static LogUnavailableException Unavailable() => new("a test says so", new TimeoutException());
}
