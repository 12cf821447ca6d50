using System.Text;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger;
using Kimura.Storage.RocksDb;
using Kimura.Storage.SignGuard;
using Kimura.Tests.Unit.Chain.Golden;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Ledger;

/// <summary>
/// A chain in a RocksDB of its own, with epoch 1 taken for leader and pool unless grains shall take theirs, and what a test needs to fill
/// it: messages of the known keys, numbered by themselves, and blocks of the known leader, a second apart.
/// </summary>
internal sealed class LedgerFixture : IAsyncDisposable
{
    /// <summary>Timestamp of the first block; messages have one less.</summary>
    public const ulong Start = 1_700_000_000_000;

    private readonly TempFolder _folder = new();
    private readonly Dictionary<string, ulong> _nonces = [];
    private readonly ISignGuard? _guard;
    private readonly bool _takesEpochs;
    private RocksDbStore _database = null!;
    private ulong _arrival;
    private volatile bool _diskFails;

    private LedgerFixture(ChainParameters parameters, ISignGuard? guard, bool takesEpochs)
    {
        Parameters = parameters;
        _guard = guard;
        _takesEpochs = takesEpochs;
    }

    public ChainParameters Parameters { get; }

    public ProducerSchedule Producers { get; } = new(TestKeys.Public("leader"));

    public BlockSigner Signer { get; } = new(TestKeys.Private("leader"));

    public string DatabaseDirectory => _folder["db"];

    public HeldStore Store { get; private set; } = null!;

    public ChainStore Chain { get; private set; } = null!;

    public static async Task<LedgerFixture> CreateAsync(ChainParameters? parameters = null, ISignGuard? guard = null, bool takesEpochs = true)
    {
        var fixture = new LedgerFixture(parameters ?? new ChainParameters("kimura-test"), guard, takesEpochs);
        await fixture.OpenDatabaseAsync();
        await fixture.OpenChainAsync();
        return fixture;
    }

    /// <summary>From now on every write fails, as on a broken disk; the store ends with the first.</summary>
    public void BreakDisk() => _diskFails = true;

    /// <summary>Closes everything and opens it again, as a restart does.</summary>
    public async Task ReopenAsync(ChainParameters? parameters = null, bool acceptLostBlocks = false, bool canFetch = false)
    {
        await CloseAsync();
        await OpenDatabaseAsync();
        await OpenChainAsync(parameters, acceptLostBlocks, canFetch);
    }

    /// <summary>Opens the chain once more on the same open database.</summary>
    public async Task OpenChainAsync(ChainParameters? parameters = null, bool acceptLostBlocks = false, bool canFetch = false)
    {
        Chain = await ChainStoreOpening.OpenAsync(Store, parameters ?? Parameters, _guard, acceptLostBlocks, canFetch);
        Assert.True(!_takesEpochs || await Chain.TakeLeaderEpochAsync(1));
        Assert.True(!_takesEpochs || await Chain.TakePoolEpochAsync(1));
    }

    /// <summary>The sender's next message.</summary>
    public Message Sign(string sender, string content = "content")
    {
        var nonce = _nonces.GetValueOrDefault(sender);
        _nonces[sender] = nonce + 1;
        return Sign(sender, nonce, content);
    }

    /// <summary>The message of a sender with a nonce.</summary>
    public Message Sign(string sender, ulong nonce, string content, ulong timestamp = Start - 1)
    {
        using var key = TestKeys.Private(sender);
        var encoding = MessageSigner.Sign(Parameters, key, nonce, Encoding.UTF8.GetBytes(content));
        Message.Stamp(encoding, timestamp);
        return Message.TryDecode(encoding, ChainParameters.ContentLimit, out var message) ? message : throw new InvalidOperationException("not a message");
    }

    /// <summary>The message as the pool numbers it.</summary>
    public PendingMessage Number(Message message) => new(message.ComputeId(), message.ComputeHash(), message, _arrival++);

    /// <summary>Puts messages of these senders into the pool.</summary>
    public async Task<PendingMessage[]> SubmitAsync(params string[] senders)
    {
        var messages = senders.Select(sender => Number(Sign(sender))).ToArray();
        Assert.Equal(CommitOutcome.Committed, await Chain.StorePendingAsync(1, messages));
        return messages;
    }

    /// <summary>The leader's block on top of the tip.</summary>
    public Block Next(params PendingMessage[] messages) =>
        BlockOn(Chain.Tip, Start + (1_000 * Chain.Tip.Height), [.. messages.Select(message => message.Message)]);

    /// <summary>The leader's block on top of another.</summary>
    public Block BlockOn(Block tip, ulong now, params Message[] messages) => BlockProduction.Produce(tip, EntriesOf(messages), 0, now, Signer);

    /// <summary>Submits messages of these senders and commits a block with them.</summary>
    public async Task<Block> ProduceAsync(params string[] senders)
    {
        var block = Next(await SubmitAsync(senders));
        Assert.Equal(CommitOutcome.Committed, await Chain.CommitProducedAsync(1, block));
        return block;
    }

    /// <summary>Writes to the database behind the chain's back.</summary>
    public async Task PutAsync(Family family, byte[] key, byte[]? value)
    {
        var batch = new WriteBatch();
        if (value is null)
        {
            batch.Delete(family, key);
        }
        else
        {
            batch.Put(family, key, value);
        }

        await Store.CommitAsync(batch, sync: false);
    }

    /// <summary>The pairs of a family, in hex.</summary>
    public async Task<List<(string Key, string Value)>> DumpAsync(Family family)
    {
        var pairs = new List<(string Key, string Value)>();
        await foreach (var (key, value) in Store.IterateAsync(family, default, default))
        {
            pairs.Add((Convert.ToHexStringLower(key), Convert.ToHexStringLower(value)));
        }

        return pairs;
    }

    public static byte[] EntriesOf(IEnumerable<Message> messages) =>
        [.. messages.SelectMany(message => (byte[])[.. message.ComputeId().Value.ToArray(), .. message.ComputeHash().Value.ToArray()])];

    /// <summary>A block with this header, its root and signature made right for the list and the key.</summary>
    public static Block Forge(BlockHeader header, string producer, params Message[] messages)
    {
        using var signer = new BlockSigner(TestKeys.Private(producer));
        var entries = EntriesOf(messages);
        header = header with { MessageRoot = MerkleTree.ComputeRoot(entries), Producer = signer.PublicKey };
        return Block.Create(header with { ProducerSignature = signer.Sign(header.ComputeHash()) }, entries);
    }

    /// <summary>Commits a block of these messages as if another node had made it.</summary>
    public async Task<Block> FollowAsync(ulong now, params Message[] messages)
    {
        var block = BlockOn(Chain.Tip, now, messages);
        Assert.Equal(CommitOutcome.Committed, await Chain.CommitFollowedAsync(block, messages));
        return block;
    }

    /// <summary>Commits a block of these messages as a node with bodies on demand does: without them.</summary>
    public async Task<Block> FollowListAsync(ulong now, params Message[] messages)
    {
        var block = BlockOn(Chain.Tip, now, messages);
        var commit = await Chain.CommitRunAsync([new Delivery(block, null)], withNonces: false);
        Assert.Equal(CommitOutcome.Committed, commit.Outcome);
        return block;
    }

    /// <summary>Blocks that follow each other from the tip on, each with its messages, and nothing committed.</summary>
    public List<Delivery> RunOf(params Message[][] blocks)
    {
        var run = new List<Delivery>();
        foreach (var messages in blocks)
        {
            var tip = run.Count == 0 ? Chain.Tip : run[^1].Block;
            run.Add(new Delivery(BlockOn(tip, Start + (1_000 * tip.Height), messages), messages));
        }

        return run;
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        Signer.Dispose();
        _folder.Dispose();
    }

    private async Task OpenDatabaseAsync()
    {
        _database = await Stores.OpenAsync(DatabaseDirectory, new RocksDbHooks { BeforeWrite = _ => _diskFails ? "IO error: disk on fire" : null });
        Store = new HeldStore(_database);
    }

    private async Task CloseAsync()
    {
        Chain.Dispose();
        await _database.DisposeAsync();
    }
}
