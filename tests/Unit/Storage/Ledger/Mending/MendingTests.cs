using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Storage;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger;
using Kimura.Storage.Ledger.Mending;
using Kimura.Tests.Unit.Chain;
using Kimura.Tests.Unit.Chain.Golden;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Ledger.Mending;

/// <summary>Damage is met by whoever reads, checks or scrubs; true bytes are put back, and no others.</summary>
public sealed class MendingTests : IAsyncLifetime
{
    private readonly List<Block> _blocks = [];
    private readonly List<Message> _messages = [];
    private LedgerFixture _ledger = null!;
    private KnownMender _mender = null!;

    private ChainStore Chain => _ledger.Chain;

    public async ValueTask InitializeAsync()
    {
        _ledger = await IntegrityCheckTests.ChainAsync();
        for (var height = 0ul; height <= Chain.Tip.Height; height++)
        {
            var block = (await Chain.GetBlockAsync(height))!;
            _blocks.Add(block);
            for (var i = 0; i < block.Count; i++)
            {
                _messages.Add((await Chain.GetMessageAsync(block, i)).Message);
            }
        }

        _mender = new KnownMender(Chain, _ledger.Producers, _blocks, _messages);
    }

    public async ValueTask DisposeAsync() => await _ledger.DisposeAsync();

    [Fact]
    public async Task No_flipped_bit_of_a_block_is_read_and_each_is_mended()
    {
        for (var height = 0ul; height < Chain.Tip.Height; height++)
        {
            var key = Bytes.BlockKey(height);
            for (var at = 0; at < _blocks[(int)height].Encoding.Length; at++)
            {
                await FlipAsync(Family.Blocks, key, at);
                Chain.Mender = null;
                var read = await ReadAsync(async () => await Chain.GetBlockAsync(height));
                // Producer and signature are no part of what hash and root speak of: the scrub and the start find these.
                Assert.True(read is null || (height > 0 && at is >= 81 and < 178), $"block {height}, byte {at}");
                Chain.Mender = _mender;
                await ScrubAsync(height, Damage.OfBlock(height));
                Assert.True((await Chain.GetBlockAsync(height))!.Encoding.Span.SequenceEqual(_blocks[(int)height].Encoding.Span));
            }
        }
    }

    [Fact]
    public async Task No_flipped_bit_of_a_message_is_read_and_each_is_mended()
    {
        var message = _messages[2];
        var id = message.ComputeId();
        byte[] key = [.. Bytes.Ascii("msg:"), .. id.Value.ToArray()];
        var value = (await _ledger.Store.GetAsync(Family.Messages, key))!;
        for (var at = 0; at < value.Length; at++)
        {
            await FlipAsync(Family.Messages, key, at);
            Chain.Mender = null;
            Assert.Null(await ReadAsync(async () => await Chain.GetMessageAsync(id)));
            Chain.Mender = _mender;
            var (block, index) = (await Chain.FindPlaceAsync(id, message.Timestamp))!.Value;

            // A place above the tip looks like a block that is not seen yet: by the id alone that is no message, by its block it is damage.
            Assert.True(await Chain.GetMessageAsync(id) is { } read ? read.Message.Encoding.Span.SequenceEqual(message.Encoding.Span) : at < 8);
            Assert.True((await Chain.GetMessageAsync(block, index)).Message.Encoding.Span.SequenceEqual(message.Encoding.Span));
            Assert.Equal(value, await _ledger.Store.GetAsync(Family.Messages, key));
        }
    }

    [Fact]
    public async Task Missing_blocks_and_messages_are_mended_where_their_place_says_what_must_be_there()
    {
        Chain.Mender = _mender;
        await _ledger.PutAsync(Family.Blocks, Bytes.BlockKey(2), null);
        Assert.Equal(_blocks[2].Hash, (await Chain.GetBlockAsync(2))!.Hash);
        var id = _blocks[3].IdAt(1);
        await _ledger.PutAsync(Family.Messages, [.. Bytes.Ascii("msg:"), .. id.Value.ToArray()], null);
        Assert.Equal(id, (await Chain.GetMessageAsync(_blocks[3], 1)).Message.ComputeId());
        Assert.Equal([Damage.OfBlock(2), Damage.OfMessage(id, 3, 1)], _mender.Mended);
    }

    [Fact]
    public async Task Block_that_does_not_link_or_that_another_has_signed_is_not_put_back()
    {
        var below = _blocks[1];
        var second = _ledger.BlockOn(below, _blocks[2].Header.Timestamp + 1);
        var forged = LedgerFixture.Forge(_blocks[2].Header, "bob");
        await _ledger.PutAsync(Family.Blocks, Bytes.BlockKey(2), null);

        Assert.False(await Chain.RestoreBlockAsync(second, _ledger.Producers));
        Assert.False(await Chain.RestoreBlockAsync(forged, _ledger.Producers));
        Assert.False(await Chain.RestoreBlockAsync(_ledger.BlockOn(Chain.Tip, _blocks[^1].Header.Timestamp + 1), _ledger.Producers));
        Assert.Null(await _ledger.Store.GetAsync(Family.Blocks, Bytes.BlockKey(2)));
        Assert.True(await Chain.RestoreBlockAsync(_blocks[2], _ledger.Producers));
    }

    [Fact]
    public async Task Block_without_a_neighbour_that_proves_itself_waits_for_one()
    {
        for (var height = 1ul; height <= 3; height++)
        {
            await _ledger.PutAsync(Family.Blocks, Bytes.BlockKey(height), null);
        }

        Assert.False(await Chain.RestoreBlockAsync(_blocks[2], _ledger.Producers));
        Assert.True(await Chain.RestoreBlockAsync(_blocks[3], _ledger.Producers));
        Assert.True(await Chain.RestoreBlockAsync(_blocks[2], _ledger.Producers));
    }

    [Fact]
    public async Task Message_that_its_block_does_not_list_there_is_not_put_back()
    {
        var other = _ledger.Sign("alice", 0, "another content");
        var (block, index) = (await Chain.FindPlaceAsync(_messages[0].ComputeId(), _messages[0].Timestamp))!.Value;

        Assert.False(await Chain.RestoreMessageAsync(block, index, other));
        Assert.False(await Chain.RestoreMessageAsync(_blocks[3], 2, _messages[0]));
        Assert.True(await Chain.RestoreMessageAsync(block, index, _messages[0]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("01")]
    public async Task Damaged_nonce_is_counted_anew_by_the_chain(string stored)
    {
        var sender = TestKeys.Public("alice");
        var right = await Chain.GetChainNonceAsync(sender);
        await _ledger.PutAsync(Family.Metadata, NonceKey(), Convert.FromHexString(stored));
        Chain.Mender = _mender;

        Assert.Equal(right, await Chain.GetChainNonceAsync(sender));
        Assert.Equal(Damage.OfNonce(sender), Assert.Single(_mender.Reported));
        await ScrubAllAsync();
        Assert.Equal(Bytes.U64(right), await _ledger.Store.GetAsync(Family.Metadata, NonceKey()));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(9)]
    public async Task Scrub_finds_a_nonce_that_is_not_where_the_chain_leads(ulong wrong)
    {
        var right = await Chain.GetChainNonceAsync(TestKeys.Public("alice"));
        await _ledger.PutAsync(Family.Metadata, NonceKey(), Bytes.U64(wrong));
        Chain.Mender = _mender;

        Assert.Contains(Damage.OfNonce(TestKeys.Public("alice")), await ScrubAllAsync());
        Assert.Equal(right, await Chain.GetChainNonceAsync(TestKeys.Public("alice")));
        Assert.Empty(await ScrubAllAsync());
    }

    [Fact]
    public async Task Scrub_finds_what_is_missing_of_the_places_by_hash()
    {
        await _ledger.PutAsync(Family.Metadata, [.. Bytes.Ascii("hash:"), .. _blocks[2].Hash.Value.ToArray()], null);
        Chain.Mender = _mender;

        Assert.Equal([Damage.OfBlockHash(2)], await ScrubAllAsync());
        Assert.Equal(2ul, await Chain.GetHeightAsync(_blocks[2].Hash));
    }

    [Theory]
    [InlineData("meta:last_height")]
    [InlineData("meta:last_hash")]
    [InlineData("meta:schema")]
    [InlineData("meta:genesis_hash")]
    [InlineData("meta:chain_id")]
    public async Task Scrub_writes_the_databases_own_records_anew(string record)
    {
        var key = Bytes.Ascii(record);
        var value = await _ledger.Store.GetAsync(Family.Metadata, key);
        await FlipAsync(Family.Metadata, key, 0);

        Assert.Single((await Chain.ScrubRecordsAsync(_ledger.Producers)).Found);
        Assert.Equal(value, await _ledger.Store.GetAsync(Family.Metadata, key));
        Assert.Empty((await Chain.ScrubRecordsAsync(_ledger.Producers)).Found);
    }

    [Fact]
    public async Task Scrub_writes_damaged_pending_messages_anew()
    {
        var pending = (await _ledger.SubmitAsync("alice"))[0];
        byte[] key = [.. Bytes.Ascii("pending:"), .. pending.Id.Value.ToArray()];
        var value = await _ledger.Store.GetAsync(Family.Pending, key);
        await FlipAsync(Family.Pending, key, 30);

        Assert.Single((await Chain.ScrubRecordsAsync(_ledger.Producers)).Found);
        Assert.Equal(value, await _ledger.Store.GetAsync(Family.Pending, key));
    }

    [Fact]
    public async Task Scrub_of_a_replica_leaves_what_is_pending_to_the_shared_log()
    {
        var shown = new[] { _ledger.Number(_ledger.Sign("alice")) };
        await Chain.ShowPendingAsync(shown);
        Assert.Empty((await Chain.ScrubRecordsAsync(_ledger.Producers)).Found);
        Assert.Equal(shown, await Chain.ResetPendingAsync(shown));
        Assert.Empty((await Chain.ScrubRecordsAsync(_ledger.Producers)).Found);

        await _ledger.ReopenAsync();
        Assert.Equal(0, Chain.PendingCount);
    }

    [Fact]
    public async Task Full_check_mends_what_it_meets_and_goes_on()
    {
        await _ledger.PutAsync(Family.Blocks, Bytes.BlockKey(1), null);
        await FlipAsync(Family.Blocks, Bytes.BlockKey(3), 100);
        await _ledger.PutAsync(Family.Messages, [.. Bytes.Ascii("msg:"), .. _blocks[4].IdAt(0).Value.ToArray()], null);
        await _ledger.PutAsync(Family.Metadata, NonceKey(), Bytes.U64(77));
        await _ledger.PutAsync(Family.Metadata, [.. Bytes.Ascii("hash:"), .. _blocks[2].Hash.Value.ToArray()], null);
        Chain.Mender = _mender;
        var check = new IntegrityCheck(_ledger.Store, Chain, _ledger.Producers, InlineWorkers.Instance, NullLogger.Instance);

        await check.RunAsync(VerifyMode.Full, TestContext.Current.CancellationToken);

        Assert.Equal(5, _mender.Mended.Count);
        Chain.Mender = null;
        await check.RunAsync(VerifyMode.Full, TestContext.Current.CancellationToken);
    }

    private static byte[] NonceKey()
    {
        var key = new byte[Kimura.Chain.PublicKey.Size];
        TestKeys.Public("alice").CopyTo(key);
        return [.. Bytes.Ascii("nonce:"), .. key];
    }

    private static async Task<object?> ReadAsync<T>(Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (StorageException damage) when (damage.Fault == StorageFault.Corrupt)
        {
            return null;
        }
    }

    private async Task FlipAsync(Family family, byte[] key, int at)
    {
        var value = (byte[])(await _ledger.Store.GetAsync(family, key))!.Clone();
        value[at] ^= (byte)(1 << (at % 8));
        await _ledger.PutAsync(family, key, value);
    }

    private async Task<List<Damage>> ScrubAllAsync()
    {
        var found = new List<Damage>();
        for (var height = 0ul; height <= Chain.Tip.Height; height++)
        {
            foreach (var (damage, exception) in (await Chain.ScrubAsync(height, _ledger.Producers)).Found)
            {
                found.Add(damage);
                await _mender.MendAsync(damage, exception);
            }
        }

        return found;
    }

    private async Task ScrubAsync(ulong height, Damage expected)
    {
        var found = Assert.Single((await Chain.ScrubAsync(height, _ledger.Producers)).Found);
        Assert.Equal(expected, found.Damage);
        Assert.True(await _mender.MendAsync(found.Damage, found.Found));
        Assert.Empty((await Chain.ScrubAsync(height, _ledger.Producers)).Found);
    }
}
