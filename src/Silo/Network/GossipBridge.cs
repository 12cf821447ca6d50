using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Grains;
using Kimura.Interfaces;
using Kimura.Libp2p.Gossip;
using Kimura.Libp2p.Identities;
using Kimura.Silo.Network.Wire;
using Kimura.Storage;
using Kimura.Storage.Ledger;
using Orleans;

namespace Kimura.Silo.Network;

/// <summary>
/// Between the chain and gossip: publishes the leader's committed blocks, and has those of others checked before they are forwarded
/// (protocol section 6). Bodies are no part of gossip: what was heard of is fetched.
/// </summary>
internal sealed class GossipBridge
{
    private const int MaxForwarded = 1_024;
    private const ulong MaxBehind = 64;
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    private readonly GossipSub _gossip;
    private readonly GossipOptions _gossipOptions;
    private readonly ChainStore _chain;
    private readonly NodeOptions _options;
    private readonly IGrainFactory _grains;
    private readonly Follower _follower;
    private readonly NetworkInstruments _instruments;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly HashSet<BlockHash> _forwarded = [];
    private readonly Queue<BlockHash> _forwardedOrder = new();
    private BlockHeader _head;

    public GossipBridge(
        GossipSub gossip, GossipOptions gossipOptions, ChainStore chain, NodeOptions options, IGrainFactory grains, Follower follower,
        NetworkInstruments instruments, TimeProvider time)
    {
        (_gossip, _gossipOptions, _chain, _options, _grains) = (gossip, gossipOptions, chain, options, grains);
        (_follower, _instruments, _time) = (follower, instruments, time);
    }

    /// <summary>Begins to listen; <paramref name="reached"/> is told which peer has a block up to which height.</summary>
    public void Start(Action<PeerId, ulong> reached) => _gossip.Subscribe(WireFormat.Topic, async (message, _) => await JudgeAsync(message, reached));

    /// <summary>Publishes each block that this node commits as the leader, and its tip when the first peer listens after a start.</summary>
    public async Task PublishAsync(CancellationToken stop)
    {
        while (_gossip.Describe(WireFormat.Topic).Subscribed == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), _time, stop);
        }

        var published = _chain.Tip.Height;
        if (published > 0)
        {
            Publish(_chain.Tip);
        }

        while (true)
        {
            stop.ThrowIfCancellationRequested();
            var tip = await _chain.WaitForTipAsync(published, Step, _time);
            if (tip.Height - published > MaxBehind)
            {
                // Fetched back from peers, who have them: news is only what comes next.
                published = tip.Height - 1;
            }

            for (var height = published + 1; height <= tip.Height; height++)
            {
                await PublishAsync(height, tip);
                published = height;
            }
        }
    }

    private async Task PublishAsync(ulong height, Block tip)
    {
        try
        {
            Publish(await _chain.GetBlockAsync(height) ?? tip);
        }
        catch (StorageException damage) when (damage.Fault == StorageFault.Corrupt)
        {
            // Said where it was met. Peers fetch what they do not hear of.
        }
    }

    private void Publish(Block block)
    {
        using var trace = MessageTrace.Begin(NetworkTraces.Source, "gossip publish", Enumerable.Range(0, block.Count).Select(block.IdAt));
        _gossip.Publish(WireFormat.Topic, block.Encoding.Length <= _gossipOptions.MaxMessage
            ? block.Encoding
            : BlockAnnouncement.Encode(BlockAnnouncement.Version, block.Header));
        _instruments.Published();
    }

    private async Task<GossipVerdict> JudgeAsync(GossipMessage message, Action<PeerId, ulong> reached)
    {
        var isAnnouncement = BlockAnnouncement.TryDecode(BlockAnnouncement.Version, message.Data.Span, out var header);
        var chain = _grains.GetGrain<IChainGrain>(_options.SiloName);
        var answer = isAnnouncement ? await chain.CheckHeaderAsync(message.Data[1..]) : await chain.CheckAsync(message.Data);
        var verdict = VerdictExtensions.Parse(answer.Verdict);
        _instruments.Judged(answer.Verdict, isAnnouncement ? "announcement" : "gossip");
        if (verdict is not (Verdict.Ok or Verdict.Gap or Verdict.Duplicate))
        {
            return verdict is Verdict.Equivocation or Verdict.Future || !_options.Producers.IsKnown ? GossipVerdict.Ignore : GossipVerdict.Reject;
        }

        Block? block = null;
        if (!isAnnouncement)
        {
            Block.TryDecode(message.Data, _chain.Parameters.MaxMessages, out block);
            header = block!.Header;
        }

        reached(message.From, header.Height);
        if (verdict != Verdict.Duplicate && block is not null)
        {
            _follower.Offer(message.From, block);
        }

        return verdict != Verdict.Duplicate && IsToForward(header, verdict) ? GossipVerdict.Accept : GossipVerdict.Ignore;
    }

    // One block hash is forwarded once. Above the tip a block is forwarded where it joins on to one that was: its bodies are on their way.
    private bool IsToForward(in BlockHeader header, Verdict verdict)
    {
        var hash = header.ComputeHash();
        lock (_gate)
        {
            if (verdict == Verdict.Gap && (header.Height != _head.Height + 1 || header.PrevHash != _head.ComputeHash() || header.Timestamp <= _head.Timestamp))
            {
                return false;
            }

            if (!_forwarded.Add(hash))
            {
                return false;
            }

            _head = header;
            _forwardedOrder.Enqueue(hash);
            if (_forwardedOrder.Count > MaxForwarded)
            {
                _forwarded.Remove(_forwardedOrder.Dequeue());
            }

            return true;
        }
    }
}
