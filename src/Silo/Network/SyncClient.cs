using System.Collections.Immutable;
using Kimura.Chain;
using Kimura.Interfaces;
using Kimura.Libp2p;
using Kimura.Libp2p.Identities;
using Kimura.Libp2p.Requests;
using Kimura.Silo.Network.Wire;

namespace Kimura.Silo.Network;

/// <summary>How an attempt to fetch ended.</summary>
internal enum FetchEnd
{
    /// <summary>Not ended.</summary>
    Unspecified = 0,

    /// <summary>The peer sent what was not asked for.</summary>
    Violation,

    /// <summary>The peer could not be reached, or broke off.</summary>
    Failed,

    /// <summary>The peer has no more of it.</summary>
    Exhausted,

    /// <summary>Enough for one step.</summary>
    Cut,

    /// <summary>All that was asked for.</summary>
    Complete,
}

/// <summary>Blocks that a peer sent, from the first one asked for on, and how it ended.</summary>
internal sealed record Fetched(PeerId Peer, ulong First, ulong Last, ImmutableArray<IncomingBlock> Blocks, long Bytes, FetchEnd End);

/// <summary>Asks peers for blocks and messages over <c>/kimura/sync/1.0.0</c>.</summary>
internal sealed class SyncClient
{
    /// <summary>Bytes after which a fetch ends at the next whole block.</summary>
    public const long StepBytes = 8 << 20;

    private const int MaxItems = 4_096;

    private readonly RequestProtocol _protocol;
    private readonly ChainParameters _parameters;
    private readonly PeerBook _peers;

    public SyncClient(Libp2pHost host, ChainParameters parameters, PeerBook peers, SyncServer? server = null)
    {
        _parameters = parameters;
        _peers = peers;
        _protocol = new RequestProtocol(host, WireFormat.SyncProtocol, new RequestOptions
        {
            MaxItem = WireFormat.MaxFrame,
            MaxItems = 1,
            MaxTotal = WireFormat.MaxFrame,
            IdleDeadline = TimeSpan.FromSeconds(4),
            TotalDeadline = TimeSpan.FromSeconds(20),
            Streams = new StreamLimits(PerPeer: 8, Total: 64),
        });
        if (server is not null)
        {
            _protocol.Serve(server.AnswerAsync);
        }
    }

    /// <summary>Fetches blocks of a range; a block of more than a step's size only where <paramref name="isNext"/>.</summary>
    public async Task<Fetched> FetchAsync(PeerId peer, ulong first, ulong last, bool withBodies, bool isNext, CancellationToken cancellation)
    {
        var assembly = new BlockAssembly(_parameters, first, last, withBodies);
        var end = FetchEnd.Unspecified;
        _peers.Burden(peer, 1);
        try
        {
            while (end == FetchEnd.Unspecified)
            {
                var before = (assembly.NextHeight, assembly.NextIndex);
                var request = SyncRequest.Blocks(assembly.NextHeight, assembly.NextIndex, last, withBodies);
                var answer = await _protocol.AskOneAsync(peer, request.Encode(), cancellation);
                end = SyncPage.Decode(answer.Span, MaxItems) is not { } page || !assembly.TryAdd(page) ? FetchEnd.Violation
                    : assembly.IsComplete ? FetchEnd.Complete
                    : before == (assembly.NextHeight, assembly.NextIndex) ? FetchEnd.Exhausted
                    : IsEnough(assembly, isNext) ? FetchEnd.Cut
                    : FetchEnd.Unspecified;
            }
        }
        catch (Libp2pException)
        {
            end = FetchEnd.Failed;
        }
        finally
        {
            _peers.Burden(peer, -1);
        }

        return new Fetched(peer, first, last, assembly.Blocks, assembly.Bytes, end);
    }

    /// <summary>Fetches one message; null where the peer does not have it or does not answer.</summary>
    public async Task<ReadOnlyMemory<byte>?> FetchMessageAsync(PeerId peer, MessageId id, CancellationToken cancellation)
    {
        try
        {
            var answer = await _protocol.AskOneAsync(peer, SyncRequest.Messages([id]).Encode(), cancellation);
            return SyncPage.Decode(answer.Span, 1) is { Items: [{ MessageCount: 1 } item] } ? item.Messages : default(ReadOnlyMemory<byte>?);
        }
        catch (Libp2pException)
        {
            return null;
        }
    }

    // A block larger than a step is fetched whole only when it is the next one: so few of that size are in memory at once.
    private static bool IsEnough(BlockAssembly assembly, bool isNext) =>
        assembly.Bytes + assembly.PartBytes >= StepBytes && !(isNext && assembly.Bytes == 0 && assembly.NextIndex > 0);
}
