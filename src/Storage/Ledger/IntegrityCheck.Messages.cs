using System.Buffers.Binary;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger.Mending;

namespace Kimura.Storage.Ledger;

/// <content>What the full check looks at beside the blocks.</content>
public sealed partial class IntegrityCheck
{
    private async Task CheckMessagesAsync(VerifyMode mode, List<Block> batch, Dictionary<PublicKey, ulong> nonces)
    {
        if (mode != VerifyMode.Full)
        {
            return;
        }

        foreach (var block in batch)
        {
            await CheckPlaceByHashAsync(block);
            var bodies = new List<Message>(block.Count);
            var found = new List<int>(block.Count);
            for (var i = 0; i < block.Count; i++)
            {
                if (await ReadMessageAsync(block, i) is { HasBody: true } stored)
                {
                    bodies.Add(stored.Message);
                    found.Add(i);
                }
            }

            _skipped += block.Count - bodies.Count;
            var check = block.Height <= (chain.BodiesHeight ?? ulong.MaxValue)
                ? await BodyVerifier.CheckAsync(block, bodies, nonces, chain.Parameters, workers)
                : CheckFetched(block, bodies, found);
            if (check.Verdict != Verdict.Ok)
            {
                // Messages other than listed are this database's fault, which a peer can mend; every other is the producer's.
                var which = check.Index < 0 ? "its messages are" : $"its message {check.Index} is";
                throw Corrupt(
                    block.Height,
                    $"{which} not valid ({check.Verdict.ToProtocolName()})",
                    check is { WrongDelivery: true, Index: >= 0 } ? Damage.OfMessage(block.IdAt(check.Index), block.Height, check.Index) : null);
            }
        }
    }

    private async Task CheckPlaceByHashAsync(Block block)
    {
        if (await store.GetAsync(Family.Metadata, LedgerKeys.HeightOf(block.Hash)) is not { Length: 8 } value
            || BinaryPrimitives.ReadUInt64BigEndian(value) != block.Height)
        {
            throw Corrupt(block.Height, "is not found by its hash", Damage.OfBlockHash(block.Height));
        }
    }

    // Above the height of complete bodies the producer's word was taken for what was not fetched, and for the nonces.
    private BodyCheck CheckFetched(Block block, List<Message> bodies, List<int> indices)
    {
        var check = BodyVerifier.CheckList(block);
        for (var i = 0; i < bodies.Count && check.Verdict == Verdict.Ok; i++)
        {
            check = BodyVerifier.CheckBody(block, indices[i], bodies[i], chain.Parameters);
        }

        return check;
    }

    private async Task<StoredMessage> ReadMessageAsync(Block block, int index)
    {
        var id = block.IdAt(index);
        var value = await store.GetAsync(Family.Messages, LedgerKeys.Message(id.Value))
            ?? throw Corrupt(block.Height, $"its message {index} ({id}) is missing", Damage.OfMessage(id, block.Height, index));
        return StoredMessage.TryDecode(value, out var stored) && stored.Height == block.Height && stored.Index == index
            && (stored.HasBody || block.Height > chain.BodiesHeight)
            ? stored
            : throw Corrupt(
                block.Height, $"its message {index} ({id}) is not what is stored under that id", Damage.OfMessage(id, block.Height, index));
    }

    private async Task CheckCountersAsync(VerifyMode mode, Dictionary<PublicKey, ulong> nonces)
    {
        foreach (var (sender, next) in mode == VerifyMode.Full ? nonces : [])
        {
            var stored = await chain.GetChainNonceAsync(sender);
            if (stored != next)
            {
                throw new StorageException(
                    StorageFault.Corrupt, $"the next nonce of {sender} is stored as {stored}, its messages lead to {next}: {Remedy}")
                {
                    Damage = Damage.OfNonce(sender, next),
                };
            }
        }
    }
}
