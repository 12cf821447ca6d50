using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Libp2p.Identities;

namespace Kimura.Silo.Repair;

/// <summary>Asks one peer after the other until one has given what proves itself.</summary>
internal sealed class PeerFetch(IChainSource source, ChainParameters parameters, ProducerSchedule producers)
{
    // Each may take some seconds, and a reader may be waiting.
    private const int MaxPeers = 4;

    /// <summary>
    /// The block at a height, which its producer signed, with its messages where asked for; and who gave it. <paramref name="take"/> says whether it is
    /// the one wanted: the producer may have signed two.
    /// </summary>
    public Task<(Delivery Block, PeerId From)?> BlockAsync(
        ulong height, bool withBodies, Func<Delivery, Task<bool>> take, CancellationToken cancellation) =>
        AskAsync(
            height,
            async peer =>
            {
                var fetched = await source.Client.FetchAsync(peer, height, height, withBodies, isNext: true, cancellation);
                if (fetched.Blocks is not [var block])
                {
                    return null;
                }

                ReadOnlyMemory<byte>? messages = withBodies ? block.Messages : default(ReadOnlyMemory<byte>?);
                return Read(block.Encoding, messages, out var delivery) ? delivery : Refused(peer, height);
            },
            take,
            cancellation);

    /// <summary>The message with an id; <paramref name="take"/> says whether it is the one that its block lists.</summary>
    public Task<(Message Message, PeerId From)?> MessageAsync(MessageId id, ulong height, Func<Message, Task<bool>> take, CancellationToken cancellation) =>
        AskAsync(
            height,
            async peer => await source.Client.FetchMessageAsync(peer, id, cancellation) is { } bytes
                && Message.TryDecode(bytes, ChainParameters.ContentLimit, out var message) && message.ComputeId() == id
                ? message
                : default(Message?),
            message => take(message),
            cancellation);

    private async Task<(T Found, PeerId From)?> AskAsync<T>(ulong height, Func<PeerId, Task<T?>> ask, Func<T, Task<bool>> take, CancellationToken cancellation)
        where T : struct
    {
        var asked = new HashSet<PeerId>();
        while (asked.Count < MaxPeers && await source.ChooseAsync(height, asked, cancellation) is { } peer)
        {
            asked.Add(peer);
            if (await ask(peer) is { } found && await take(found))
            {
                return (found, peer);
            }
        }

        return null;
    }

    private bool Read(ReadOnlyMemory<byte> encoding, ReadOnlyMemory<byte>? messages, out Delivery delivery)
    {
        delivery = default;
        if (BlockVerifier.CheckSelf(encoding, parameters, producers, out var block) != Verdict.Ok)
        {
            return false;
        }

        if (messages is not { } rest)
        {
            delivery = new Delivery(block!, null);
            return true;
        }

        var bodies = new List<Message>(block!.Count);
        while (bodies.Count < block.Count && Message.TryReadFirst(rest, ChainParameters.ContentLimit, out var body))
        {
            bodies.Add(body);
            rest = rest[body.Encoding.Length..];
        }

        delivery = new Delivery(block, bodies);
        return bodies.Count == block.Count && bodies.Index().All(body => body.Item.ComputeHash() == block.MessageHashAt(body.Index));
    }

    private Delivery? Refused(PeerId peer, ulong height)
    {
        source.Blame(peer, $"block {height} from it, asked for to mend this node's, does not prove itself");
        return null;
    }
}
