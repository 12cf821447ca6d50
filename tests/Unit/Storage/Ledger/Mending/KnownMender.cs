using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Storage;
using Kimura.Storage.Ledger;
using Kimura.Storage.Ledger.Mending;

namespace Kimura.Tests.Unit.Storage.Ledger.Mending;

/// <summary>Mends from blocks and messages that a test has kept, through what the chain store checks.</summary>
internal sealed class KnownMender(ChainStore chain, ProducerSchedule producers, IReadOnlyList<Block> blocks, IReadOnlyList<Message> messages) : IMender
{
    public List<Damage> Mended { get; } = [];

    public List<Damage> Reported { get; } = [];

    public async Task<bool> MendAsync(Damage damage, StorageException found)
    {
        Mended.Add(damage);
        switch (damage.Kind)
        {
            case DamageKind.Block or DamageKind.BlockHash:
                return await chain.RestoreBlockAsync(blocks[(int)damage.Height!.Value], producers);
            case DamageKind.Nonce:
                await chain.RestoreNonceAsync(damage.Sender!.Value);
                return true;
            default:
                var body = messages.First(message => message.ComputeId() == damage.Message!.Value);
                return await chain.FindPlaceAsync(damage.Message!.Value, body.Timestamp) is var (block, index) && await chain.RestoreMessageAsync(block, index, body);
        }
    }

    public void Report(Damage damage, StorageException found) => Reported.Add(damage);
}
