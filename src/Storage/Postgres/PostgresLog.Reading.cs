using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Storage.Ledger;
using Kimura.Storage.Log;
using Npgsql;

namespace Kimura.Storage.Postgres;

/// <content>What replicas, pools and readers ask.</content>
public sealed partial class PostgresLog
{
    // What one read of blocks holds in memory at most, unless a single block is larger.
    private const long MaxReadBytes = 16 << 20;
    private const string Tip = "(SELECT height, hash FROM kimura_blocks ORDER BY height DESC LIMIT 1)";

    // Never disposed: nobody asks for its wait handle, and a log may be closed twice.
    private readonly SemaphoreSlim _listening = new(1, 1);
    private NpgsqlConnection? _listener;

    /// <inheritdoc />
    public Task<LogTip> ReadTipAsync() => AskAsync(() => _session.OneAsync($"SELECT height, hash FROM {Tip} tip", [], reader => TipOf(reader, 0)));

    /// <inheritdoc />
    public async Task<LogNews> ReadNewsAsync()
    {
        var news = await AskAsync(() => _session.OneAsync(
            $"SELECT tip.height, tip.hash, leader.epoch, leader.silo, leader.host FROM {Tip} tip, kimura_epochs leader WHERE leader.name = 'leader'",
            [],
            reader => new LogNews(
                TipOf(reader, 0),
                (ulong)reader.GetInt64(2),
                reader.IsDBNull(3) ? null : new LeaderPlace(reader.GetString(3), reader.GetFieldValue<byte[]>(4)))));
        LearnLeader(news.LeaderEpoch);
        return news;
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<Delivery>> ReadBlocksAsync(ulong from, int most)
    {
        var blocks = await AskAsync(() => _session.AllAsync(
            "SELECT height, encoding FROM (SELECT height, encoding, sum(message_bytes + octet_length(encoding)) OVER (ORDER BY height) - message_bytes AS before "
            + "FROM (SELECT * FROM kimura_blocks WHERE height >= $1 ORDER BY height LIMIT $2) few) sized WHERE before < $3 OR height = $1 ORDER BY height",
            [checked((long)from), (long)most, MaxReadBytes],
            reader => BlockOf(reader.GetInt64(0), reader.GetFieldValue<byte[]>(1))));
        if (blocks.Count == 0)
        {
            return [];
        }

        var bodies = await AskAsync(() => _session.AllAsync(
            "SELECT encoding FROM kimura_messages WHERE height BETWEEN $1 AND $2 ORDER BY height, place",
            [(long)blocks[0].Height, (long)blocks[^1].Height],
            reader => MessageOf(reader.GetFieldValue<byte[]>(0))));
        if (bodies.Count != blocks.Sum(block => block.Count))
        {
            throw Corrupt($"messages of the blocks {blocks[0].Height} to {blocks[^1].Height} are missing");
        }

        var next = 0;
        return blocks.ConvertAll(block => new Delivery(block, bodies[next..(next += block.Count)]));
    }

    /// <inheritdoc />
    public async Task<PendingPool> ReadPendingAsync()
    {
        // One statement, and so one moment: tip and pool belong together.
        var rows = await AskAsync(() => _session.AllAsync(
            $"SELECT tip.height, tip.hash, pending.id, pending.hash, pending.arrival, pending.encoding FROM {Tip} tip LEFT JOIN kimura_pending pending ON true ORDER BY pending.arrival",
            [],
            reader => (Tip: TipOf(reader, 0), Message: reader.IsDBNull(2) ? null : new PendingMessage(
                new MessageId(HashOf(reader, 2)), new MessageHash(HashOf(reader, 3)), MessageOf(reader.GetFieldValue<byte[]>(5)), (ulong)reader.GetInt64(4)))));
        var pending = rows.Where(row => row.Message is not null).Select(row => row.Message!).ToList();
        return pending.Find(message => message.Message.ComputeId() != message.Id || message.Message.ComputeHash() != message.Hash) is { } damaged
            ? throw Corrupt($"pending message {damaged.Id} is not that message")
            : new PendingPool(rows[0].Tip, pending);
    }

    /// <inheritdoc />
    public Task<bool> MayFollowAsync(Block block) => HoldsAsync(new LogTip(block.Height, block.Hash));

    /// <inheritdoc />
    public Task<bool> HoldsAsync(LogTip block) => AskAsync(() => _session.OneAsync(
        "SELECT EXISTS (SELECT FROM kimura_blocks WHERE height = $1 AND hash = $2)",
        [checked((long)block.Height), block.Hash.Value.ToArray()],
        reader => reader.GetBoolean(0)));

    /// <inheritdoc />
    public async Task<ReadOnlyMemory<byte>?> FindMessageAsync(MessageId id)
    {
        var found = await AskAsync(() => _session.AllAsync(
            "SELECT encoding FROM kimura_pending WHERE id = $1 UNION ALL SELECT encoding FROM kimura_messages WHERE id = $1",
            [id.Value.ToArray()],
            reader => reader.GetFieldValue<byte[]>(0)));
        return found.Count == 0 ? default(ReadOnlyMemory<byte>?) : found[0];
    }

    /// <inheritdoc />
    public Task<(ulong? Next, LogTip Tip)> FindNonceAsync(PublicKey sender) => AskAsync(() => _session.OneAsync<(ulong?, LogTip)>(
        $"SELECT tip.height, tip.hash, (SELECT max(nonce) FROM kimura_pending WHERE sender = $1) FROM {Tip} tip",
        [sender.ToArray()],
        reader => (reader.IsDBNull(2) ? null : (ulong)reader.GetInt64(2) + 1, TipOf(reader, 0))));

    /// <inheritdoc />
    public async Task WaitForNewsAsync(TimeSpan within, CancellationToken cancellationToken)
    {
        await _listening.WaitAsync(cancellationToken);
        try
        {
            if (_listener is null)
            {
                _listener = await _session.Source.OpenConnectionAsync(cancellationToken);
                await using var listen = new NpgsqlCommand("LISTEN kimura_log", _listener);
                await listen.ExecuteNonQueryAsync(cancellationToken);
                return;
            }

            await _listener.WaitAsync(within, cancellationToken);
        }
        catch (Exception exception) when (exception is NpgsqlException or IOException or TimeoutException)
        {
            await DropListenerAsync();
            throw PostgresSession.Unavailable(exception);
        }
        finally
        {
            _listening.Release();
        }
    }

    private static LogTip TipOf(NpgsqlDataReader reader, int at) => new((ulong)reader.GetInt64(at), new BlockHash(HashOf(reader, at + 1)));

    private static Hash32 HashOf(NpgsqlDataReader reader, int at) =>
        reader.GetFieldValue<byte[]>(at) is { Length: Hash32.Size } hash ? new Hash32(hash) : throw Corrupt("a hash has not 32 bytes");

    private static Block BlockOf(long height, byte[] encoding) =>
        Block.TryDecode(encoding, int.MaxValue, out var block) == BlockShape.WellFormed && block!.Height == (ulong)height
            ? block
            : throw Corrupt($"block {height} is not the encoding of that block");

    private static Message MessageOf(byte[] encoding) =>
        Message.TryDecode(encoding, ChainParameters.ContentLimit, out var message) ? message : throw Corrupt("a message is not a message encoding");

    private static StorageException Corrupt(string what) => new(StorageFault.Corrupt, $"the cluster's database is damaged: {what}; restore it from a backup");

    private async Task CloseListenerAsync()
    {
        await _listening.WaitAsync();
        await DropListenerAsync();
        _listening.Release();
    }

    private async Task DropListenerAsync()
    {
        if (_listener is not null)
        {
            await _listener.DisposeAsync();
            _listener = null;
        }
    }
}
