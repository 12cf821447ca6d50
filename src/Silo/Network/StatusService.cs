using System.Runtime.CompilerServices;
using Kimura.Chain.Blocks;
using Kimura.Chain.Verification;
using Kimura.Grains;
using Kimura.Interfaces;
using Kimura.Libp2p;
using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Identities;
using Kimura.Libp2p.Requests;
using Kimura.Silo.Cluster;
using Kimura.Silo.Network.Wire;
using Kimura.Storage.Ledger;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Kimura.Silo.Network;

/// <summary>
/// Tells peers how this node is and asks them the same (<c>/kimura/status/1.0.0</c>), on connecting and every few seconds: who is of
/// another chain is sent away, who is ahead is noted, and where the leader is gets round.
/// </summary>
internal sealed partial class StatusService
{
    private const ulong FarBehind = 100;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    private readonly Libp2pHost _host;
    private readonly RequestProtocol _protocol;
    private readonly ChainStore _chain;
    private readonly NodeOptions _options;
    private readonly IGrainFactory _grains;
    private readonly LeaderBook _leaders;
    private readonly LeaderPin _pin;
    private readonly ILogger _logger;
    private readonly LeaderHost? _cluster;
    private readonly Lock _gate = new();
    private volatile bool _hasHeard;
    private readonly HashSet<(PeerId, string)> _told = [];
    private readonly HashSet<PeerId> _asking = [];

    public StatusService(
        Libp2pHost host, ChainStore chain, NodeOptions options, IGrainFactory grains, LeaderBook leaders, LeaderPin pin,
        ILogger<StatusService> logger, LeaderHost? cluster = null)
    {
        (_host, _chain, _options, _grains, _leaders, _pin, _logger) = (host, chain, options, grains, leaders, pin, logger);
        _cluster = cluster;
        _protocol = new RequestProtocol(host, WireFormat.StatusProtocol, new RequestOptions
        {
            MaxRequest = 64,
            MaxItem = WireFormat.MaxStatus,
            MaxItems = 1,
            MaxTotal = WireFormat.MaxStatus,
            IdleDeadline = TimeSpan.FromSeconds(4),
            TotalDeadline = TimeSpan.FromSeconds(8),
            Streams = new StreamLimits(PerPeer: 2, Total: 128),
        });
        _protocol.Serve(AnswerAsync);
    }

    /// <summary>The leader's own record, on the leader.</summary>
    public LeaderRecord? Own { get; set; }

    /// <summary>What others are told of where the leader is: the leading silo's own record in a cluster, else this node's or what it was told itself.</summary>
    public LeaderRecord? Told => _cluster?.Leading ?? Own ?? (_leaders.Current is [var first, ..] ? first : null);

    /// <summary>True once a node of this chain has said how it is.</summary>
    public bool HasHeard => _hasHeard;

    /// <summary>Asks every connected peer, again and again.</summary>
    public async Task RunAsync(BackgroundWork work, Action<PeerId, ulong> reached, CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(Every, _host.Time, stop);
            foreach (var connection in _host.Connections)
            {
                work.Run(token => AskOnceAsync(connection, reached, token));
            }
        }
    }

    /// <summary>
    /// Asks a peer; <paramref name="reached"/> is told how far its chain reaches, once the header that says so has been checked. One that does
    /// not answer is no node of ours, or not yet: it is asked again. False for one of another chain, too.
    /// </summary>
    public async Task<bool> AskAsync(PeerConnection connection, Action<PeerId, ulong> reached, CancellationToken stop)
    {
        StatusMessage? status;
        try
        {
            status = StatusMessage.Decode((await _protocol.AskOneAsync(connection.Peer, Array.Empty<byte>(), stop)).Span);
        }
        catch (Libp2pException exception)
        {
            TellOnce(connection.Peer, "no status", () => LogSilent(_logger, connection.Peer, exception.Message));
            return false;
        }

        if (status is null || status.GenesisHash != _chain.Parameters.Genesis.Hash.Value)
        {
            TellOnce(connection.Peer, "other chain", () => LogOtherChain(_logger, connection.Peer, status?.ChainId ?? "(none)"));
            _host.Disconnect(connection.Peer);
            return false;
        }

        // Only one that this node dialled is believed, and only once: also where that one dialled at the same time, and its connection stayed.
        if (connection.Dialled && status.LeaderKey is { } key)
        {
            _pin.Offer(key, connection.Peer);
        }

        if (status.Leader is { } leader)
        {
            _leaders.Offer(leader, isFirstHand: leader.Peer == connection.Peer);
        }

        if (await CheckTipAsync(connection.Peer, status.Tip))
        {
            reached(connection.Peer, status.Tip.Height);
        }

        _hasHeard = true;
        return true;
    }

    // One that is slow to answer holds up nobody else, and is not asked again meanwhile.
    private async Task AskOnceAsync(PeerConnection connection, Action<PeerId, ulong> reached, CancellationToken stop)
    {
        lock (_gate)
        {
            if (!_asking.Add(connection.Peer))
            {
                return;
            }
        }

        try
        {
            await AskAsync(connection, reached, stop);
        }
        finally
        {
            lock (_gate)
            {
                _asking.Remove(connection.Peer);
            }
        }
    }

    private async Task<bool> CheckTipAsync(PeerId peer, BlockHeader tip)
    {
        if (tip.Height == 0 || tip.ComputeHash() == _chain.Tip.Hash)
        {
            return tip.Height > 0;
        }

        var bytes = new byte[BlockHeader.Size];
        tip.WriteTo(bytes);
        var answer = await _grains.GetGrain<IChainGrain>(_options.SiloName).CheckHeaderAsync(bytes);
        var verdict = VerdictExtensions.Parse(answer.Verdict);
        if (verdict is Verdict.BadProducer or Verdict.BadSignature && _options.Producers.IsKnown)
        {
            TellOnce(peer, "unsigned tip", () => LogFalseTip(_logger, peer, tip.Height, answer.Verdict));
        }
        else if (verdict is Verdict.BadPrevHash or Verdict.BadTimestamp or Verdict.Equivocation)
        {
            TellOnce(peer, "branch", () => LogBranch(_logger, peer, tip.Height, answer.Verdict));
        }

        else if (verdict == Verdict.Duplicate && _chain.Tip.Height - tip.Height > FarBehind)
        {
            TellOnce(peer, "behind", () => LogBehind(_logger, peer, tip.Height, _chain.Tip.Height));
        }

        return verdict is Verdict.Ok or Verdict.Gap or Verdict.Duplicate or Verdict.Future;
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> AnswerAsync(
        PeerId peer, ReadOnlyMemory<byte> request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var tip = _chain.Tip;
        var producers = _options.Producers;
        yield return new StatusMessage(
            _chain.Parameters.Genesis.Hash.Value,
            _chain.Parameters.ChainId,
            tip.Header,
            producers.IsKnown ? producers.KeyAt(tip.Height + 1) : null,
            Told).Encode();
        await Task.CompletedTask;
    }

    private void TellOnce(PeerId peer, string what, Action tell)
    {
        const int limit = 1_024;
        bool isNew;
        lock (_gate)
        {
            isNew = _told.Count < limit && _told.Add((peer, what));
        }

        if (isNew)
        {
            tell();
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Peer {Peer} does not say how it is: {Reason}")]
    private static partial void LogSilent(ILogger logger, PeerId peer, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Peer {Peer} is of another chain (chain id {ChainId}): disconnected")]
    private static partial void LogOtherChain(ILogger logger, PeerId peer, string chainId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Peer {Peer} claims height {Height} with a header that the leader did not sign ({Verdict}): not followed")]
    private static partial void LogFalseTip(ILogger logger, PeerId peer, ulong height, string verdict);

    [LoggerMessage(Level = LogLevel.Information, Message = "Peer {Peer} is behind: at height {Height}, here it is {Tip}")]
    private static partial void LogBehind(ILogger logger, PeerId peer, ulong height, ulong tip);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Peer {Peer} is on another branch: its tip at height {Height} does not fit the chain here ({Verdict})")]
    private static partial void LogBranch(ILogger logger, PeerId peer, ulong height, string verdict);
}
