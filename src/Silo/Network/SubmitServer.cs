using System.Runtime.CompilerServices;
using Kimura.Chain;
using Kimura.Interfaces;
using Kimura.Libp2p;
using Kimura.Libp2p.Identities;
using Kimura.Libp2p.Requests;
using Kimura.Silo.Network.Wire;
using Kimura.Storage.Ledger;
using Orleans;
using Orleans.Runtime;

namespace Kimura.Silo.Network;

/// <summary>
/// <c>/kimura/submit/1.0.0</c> on the leader: what a peer forwards goes the way of any submission, and the answer is given when it is durable.
/// </summary>
internal sealed class SubmitServer
{
    private readonly ChainStore _chain;
    private readonly IGrainFactory _grains;

    public SubmitServer(Libp2pHost host, ChainStore chain, IGrainFactory grains)
    {
        (_chain, _grains) = (chain, grains);
        Protocol = new RequestProtocol(host, WireFormat.SubmitProtocol, new RequestOptions
        {
            MaxRequest = WireFormat.MaxFrame,
            MaxItem = WireFormat.MaxFrame,
            MaxItems = 1,
            MaxTotal = WireFormat.MaxFrame,
            IdleDeadline = TimeSpan.FromSeconds(10),
            TotalDeadline = TimeSpan.FromSeconds(25),
            Streams = new StreamLimits(PerPeer: 32, Total: 128),
        });
    }

    /// <summary>The protocol, to ask others with.</summary>
    public RequestProtocol Protocol { get; }

    /// <summary>Answers it: on the leader alone.</summary>
    public void Serve() => Protocol.Serve(AnswerAsync);

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> AnswerAsync(
        PeerId peer, ReadOnlyMemory<byte> request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var asked = SubmitRequest.Decode(request.Span)
            ?? throw new Libp2pException(Libp2pFailure.ProtocolViolation, $"{peer} submitted bytes that are no request");
        yield return (await AnswerAsync(asked)).Encode();
    }

    private async Task<SubmitAnswer> AnswerAsync(SubmitRequest asked)
    {
        if (asked.NonceOf is { } sender)
        {
            return new SubmitAnswer([], await _chain.GetNonceAsync(sender), default);
        }

        if (asked.MessageId is { } id)
        {
            return new SubmitAnswer([], null, await _chain.GetMessageAsync(id) is { } message ? message.Message.Encoding : default);
        }

        var batch = asked.Submissions!;
        try
        {
            var results = await _grains.GetGrain<IIntakeGrain>(0).SubmitAsync(batch);
            return new SubmitAnswer(
                [.. results.Results.Select((result, i) => OutcomeCodes.ToWire(result, results.Ids.Span.Slice(i * Hash32.Size, Hash32.Size), _chain.Parameters.MaxContent))],
                null,
                default);
        }
        catch (Exception exception) when (exception is OrleansException or TimeoutException)
        {
            // The node stops, or nobody answered in time: it may be taken all the same, and a retry learns it.
            var unavailable = OutcomeCodes.ToWire(new SubmissionResult(SubmissionOutcome.Unavailable), default, 0);
            return new SubmitAnswer([.. Enumerable.Repeat(unavailable, batch.Count)], null, default);
        }
    }
}
