using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Storage.Ledger;

namespace Kimura.Silo.Network;

/// <summary>
/// The next block while its signatures are still being checked and it is being stored: the leader's signature and the hashes under it
/// already say that these are its bytes, so they can be handed on at once, and a block passes a line of nodes without waiting for each
/// one's disk. One block, of bounded size. Thread-safe.
/// </summary>
internal sealed class BlocksInHand(ChainStore chain, TimeProvider time)
{
    /// <summary>Most bytes of list and messages of a block that is handed on early.</summary>
    public const int MaxBytes = 4 << 20;

    private readonly TipWatch _watch = new(chain.Tip.Height);
    private (Block Block, IReadOnlyList<Message> Bodies)? _held;
    private readonly Lock _gate = new();

    /// <summary>Holds a block if it is the next one, by the leader, and the bodies are the ones that it lists.</summary>
    public void Hold(ReadOnlyMemory<byte> encoding, ReadOnlyMemory<byte> messages, Chain.ProducerSchedule producers)
    {
        if (encoding.Length + messages.Length > MaxBytes
            || BlockVerifier.CheckSelf(encoding, chain.Parameters, producers, out var block) != Verdict.Ok
            || block!.Header.PrevHash != chain.Tip.Hash)
        {
            return;
        }

        var bodies = new List<Message>(block.Count);
        while (bodies.Count < block.Count && Message.TryReadFirst(messages, chain.Parameters.MaxContent, out var body))
        {
            if (body.ComputeHash() != block.MessageHashAt(bodies.Count))
            {
                return;
            }

            bodies.Add(body);
            messages = messages[body.Encoding.Length..];
        }

        if (bodies.Count == block.Count && messages.IsEmpty)
        {
            lock (_gate)
            {
                _held = (block, bodies);
            }

            _watch.Rise(block.Height);
        }
    }

    /// <summary>The block at a height with its bodies, if it is held.</summary>
    public (Block Block, IReadOnlyList<Message> Bodies)? Find(ulong height)
    {
        lock (_gate)
        {
            return _held is { } held && held.Block.Height == height ? held : null;
        }
    }

    /// <summary>Waits until the chain, or this hand, holds a height; at most <paramref name="within"/>.</summary>
    public async Task WaitAsync(ulong height, TimeSpan within)
    {
        if (chain.Tip.Height < height)
        {
            await _watch.WaitAsync(height - 1, within, time);
        }
    }

    /// <summary>The chain has a new tip: who waited for it goes on.</summary>
    public void Stored(ulong height) => _watch.Rise(height);
}
