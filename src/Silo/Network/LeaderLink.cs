using System.Collections.Immutable;
using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Grains.Network;
using Kimura.Interfaces;
using Kimura.Libp2p;
using Kimura.Libp2p.Identities;
using Kimura.Libp2p.Requests;
using Kimura.Silo.Network.Wire;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Network;

/// <summary>
/// The way to the leader: the peer that the leader's own signature names, and no other, whoever answers in its place (the connection proves
/// the peer id). Dialled where it is not connected.
/// </summary>
internal sealed partial class LeaderLink(
    Libp2pHost host, RequestProtocol protocol, LeaderBook leaders, BackgroundWork work, TimeProvider time, ILogger<LeaderLink> logger)
    : ILeaderLink
{
    // Fewer than the leader answers one peer at once; the rest wait here.
    private const int Parallel = 16;

    private static readonly TimeSpan DialAgain = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Turnstile _asking = new(Parallel);
    private Task _dialling = Task.CompletedTask;
    private long _dialled;
    private int _isLost;

    public async Task<SubmissionResults?> SubmitAsync(SubmissionBatch batch)
    {
        var results = ImmutableArray.CreateBuilder<SubmissionResult>(batch.Count);
        var ids = new byte[batch.Count * Hash32.Size];
        var rest = batch.Encodings;
        while (results.Count < batch.Count)
        {
            var messages = TakeFrame(ref rest);
            for (var i = 0; i < messages.Count; i++)
            {
                messages[i].ComputeId().Value.CopyTo(ids.AsSpan((results.Count + i) * Hash32.Size));
            }

            var answer = await AskAsync(SubmitRequest.Encode(messages));
            if (answer is null && results.Count == 0)
            {
                return null;
            }

            // What the leader has answered counts, even when the rest of the batch did not reach it.
            var known = answer?.Results.Select(OutcomeCodes.FromWire).ToList();
            if (known?.Count == messages.Count && known.TrueForAll(result => result is not null))
            {
                results.AddRange(known.Select(result => result!.Value));
            }
            else
            {
                results.AddRange(Enumerable.Repeat(new SubmissionResult(SubmissionOutcome.Unavailable), messages.Count));
            }
        }

        return new SubmissionResults(results.ToImmutable(), ids);
    }

    public async Task<LeaderNonce> GetNonceAsync(ReadOnlyMemory<byte> publicKey) =>
        await AskAsync(SubmitRequest.EncodeNonceOf(publicKey.Span)) is { Nonce: { } nonce } ? new LeaderNonce(true, nonce) : LeaderNonce.Unreachable;

    public async Task<LeaderMessage> GetMessageAsync(ReadOnlyMemory<byte> id) =>
        await AskAsync(SubmitRequest.EncodeMessage(id.Span)) is { } answer
            ? new LeaderMessage(true, answer.Message.IsEmpty ? default(ReadOnlyMemory<byte>?) : answer.Message)
            : LeaderMessage.Unreachable;

    /// <summary>Connects to the leader where that is known and not connected: it has what no other neighbour may have. Does not wait for it.</summary>
    public void Reach()
    {
        if (leaders.Current.All(leader => host.Find(leader.Peer) is null))
        {
            work.Run(_ => DialAsync());
        }
    }

    private static List<Message> TakeFrame(ref ReadOnlyMemory<byte> rest)
    {
        var messages = new List<Message>();
        var room = WireFormat.MaxFrame - WireFormat.FrameReserve;
        while (Message.TryReadFirst(rest, ChainParameters.ContentLimit, out var message) && (room -= SubmitRequest.CostOf(message)) >= 0)
        {
            messages.Add(message);
            rest = rest[message.Encoding.Length..];
        }

        return messages;
    }

    private async Task<SubmitAnswer?> AskAsync(byte[] request)
    {
        foreach (var leader in leaders.Current)
        {
            if (host.Find(leader.Peer) is null)
            {
                await DialAsync();
            }

            if (host.Find(leader.Peer) is null)
            {
                continue;
            }

            await _asking.EnterAsync(CancellationToken.None);
            try
            {
                var answer = SubmitAnswer.Decode((await protocol.AskOneAsync(leader.Peer, request, work.Stopping)).Span);
                leaders.Prefer(leader.Peer);
                if (Interlocked.Exchange(ref _isLost, 0) == 1)
                {
                    LogBack(logger, leader.Peer);
                }

                return answer;
            }
            catch (Exception exception) when (exception is Libp2pException or OperationCanceledException)
            {
                // It may have been taken: whoever asked again would learn it from the answer -32003, so the client does.
                Lost(exception.Message);
                return null;
            }
            finally
            {
                _asking.Leave();
            }
        }

        return null;
    }

    // All who wait share one attempt, and a new one begins only after a while.
    private Task DialAsync()
    {
        lock (_gate)
        {
            if (_dialling.IsCompleted && (_dialled == 0 || time.GetElapsedTime(_dialled) >= DialAgain))
            {
                _dialled = time.GetTimestamp();
                _dialling = DialAllAsync();
            }

            return _dialling;
        }
    }

    private async Task DialAllAsync()
    {
        foreach (var leader in leaders.Current)
        {
            foreach (var address in leader.Addresses)
            {
                try
                {
                    await host.ConnectAsync(address.WithPeer(leader.Peer), work.Stopping);
                    return;
                }
                catch (Exception exception) when (exception is Libp2pException or OperationCanceledException)
                {
                    leaders.Unreachable(leader.Peer, address);
                    Lost($"{address}: {exception.Message}");
                }
            }
        }
    }

    // Told once, until it is back: every submission would say the same.
    private void Lost(string reason)
    {
        if (Interlocked.Exchange(ref _isLost, 1) == 0)
        {
            LogLost(logger, reason);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The leader cannot be reached, submissions are refused until it can: {Reason}")]
    private static partial void LogLost(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The leader, {Peer}, answers again")]
    private static partial void LogBack(ILogger logger, PeerId peer);
}
