using System.Collections.Concurrent;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Silo.Hosting;
using Kimura.Storage;
using Kimura.Storage.Ledger;
using Kimura.Storage.Ledger.Mending;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Repair;

/// <summary>
/// Puts back what is damaged: from what this node knows where that is enough, otherwise from peers. What it writes the chain store has checked
/// against the chain. The same damage is mended once, however many meet it.
/// </summary>
internal sealed partial class ChainMender(
    ChainStore chain,
    ProducerSchedule producers,
    IChainSource source,
    INodeFiles files,
    RepairInstruments? instruments,
    ILogger<ChainMender> logger,
    CancellationToken stopping) : IMender
{
    // Damaged blocks in a row that are mended for the sake of one: each needs a neighbour that proves itself.
    private const int MaxRow = 1_024;

    private readonly PeerFetch _peers = new(source, chain.Parameters, producers);
    private readonly ConcurrentDictionary<Damage, Lazy<Task<bool>>> _underWay = new();

    /// <summary>Told of damage that a scrub should look at now.</summary>
    public Action? Reported { get; set; }

    public async Task<bool> MendAsync(Damage damage, StorageException found)
    {
        var mending = _underWay.GetOrAdd(damage, damage => new Lazy<Task<bool>>(() => MendOnceAsync(damage, found)));
        try
        {
            return await mending.Value;
        }
        finally
        {
            _underWay.TryRemove(KeyValuePair.Create(damage, mending));
        }
    }

    public void Report(Damage damage, StorageException found)
    {
        Note(damage, found);
        if (damage.Kind != DamageKind.Other)
        {
            Reported?.Invoke();
        }
    }

    private async Task<bool> MendOnceAsync(Damage damage, StorageException found)
    {
        Note(damage, found);
        try
        {
            if (await MendAsync(damage))
            {
                instruments?.Mended(damage.Kind);
                return true;
            }
        }
        catch (StorageException exception) when (exception.Fault == StorageFault.Corrupt)
        {
            // Something that is needed for it is damaged too, and could not be mended.
            LogInTheWay(logger, exception.Message);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return false;
        }

        LogNotMended(logger, found.Message);
        return false;
    }

    private void Note(Damage damage, StorageException found)
    {
        instruments?.Found(damage.Kind);
        LogFound(logger, found.Message);
        if (!found.InFiles)
        {
            return;
        }

        // What else was in the same piece of the file is damaged too.
        Reported?.Invoke();
        try
        {
            files.Folders?.NoteDamage(found.Message);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotNoted(logger, exception.Message);
        }
    }

    private Task<bool> MendAsync(Damage damage) => damage switch
    {
        { Kind: DamageKind.Block, Height: { } height } => MendBlocksAsync(height),
        { Kind: DamageKind.Message, Height: { } height, Index: { } index, Message: { } id } => MendMessageAsync(id, height, index),
        { Kind: DamageKind.Message, Message: { } id } => MendMessageAsync(id),
        { Kind: DamageKind.BlockHash, Height: { } height } => MendPlaceAsync(height),
        { Kind: DamageKind.Nonce, Sender: { } sender } => MendNonceAsync(sender),
        _ => Task.FromResult(false),
    };

    // From the next block above that proves itself downwards: in the end the tip, which is in memory.
    private async Task<bool> MendBlocksAsync(ulong height)
    {
        var top = height;
        while (top - height < MaxRow && top + 1 < chain.Tip.Height && await chain.PeekAsync(top + 1, producers) is null)
        {
            top++;
        }

        for (var at = top; at >= height; at--)
        {
            if (!await MendBlockAsync(at))
            {
                return false;
            }

            if (at == 0)
            {
                break;
            }
        }

        return true;
    }

    private async Task<bool> MendBlockAsync(ulong height)
    {
        if (height == 0 || height == chain.Tip.Height)
        {
            var own = height == 0 ? chain.Parameters.Genesis : chain.Tip;
            return own.Height == height && await chain.RestoreBlockAsync(own, producers);
        }

        var found = await _peers.BlockAsync(height, withBodies: false, delivery => chain.RestoreBlockAsync(delivery.Block, producers), stopping);
        if (found is var (_, peer))
        {
            LogMendedBlock(logger, height, peer);
        }

        return found is not null;
    }

    private async Task<bool> MendMessageAsync(MessageId id, ulong height, int index)
    {
        if (await chain.GetBlockAsync(height) is not { } block)
        {
            return false;
        }

        var found = await _peers.MessageAsync(id, height, body => chain.RestoreMessageAsync(block, index, body), stopping);
        if (found is var (_, peer))
        {
            LogMendedMessage(logger, index, id, height, peer);
        }

        return found is not null;
    }

    private async Task<bool> MendMessageAsync(MessageId id)
    {
        (Block Block, int Index)? place = null;
        var found = await _peers.MessageAsync(id, height: 1, RestoreAsync, stopping);
        if (found is var (_, peer) && place is var (block, index))
        {
            LogMendedMessage(logger, index, id, block.Height, peer);
        }

        return found is not null;

        async Task<bool> RestoreAsync(Message body) =>
            body.HasValidSignature(chain.Parameters)
            && (place = await chain.FindPlaceAsync(id, body.Timestamp)) is var (block, index)
            && await chain.RestoreMessageAsync(block, index, body);
    }

    private async Task<bool> MendPlaceAsync(ulong height)
    {
        var isMended = await chain.PeekAsync(height, producers) is { } block && await chain.RestoreBlockAsync(block, producers);
        if (isMended)
        {
            LogMendedPlace(logger, height);
        }

        return isMended;
    }

    private async Task<bool> MendNonceAsync(PublicKey sender)
    {
        await chain.RestoreNonceAsync(sender);
        LogMendedNonce(logger, sender);
        return true;
    }
}
