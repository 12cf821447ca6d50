using Kimura.Storage;
using Kimura.Storage.GrainState;
using Kimura.Storage.KeyValue;
using Kimura.Storage.RocksDb;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;
using Xunit;

namespace Kimura.Tests.Unit.Storage.GrainState;

public sealed class KeyValueGrainStorageTests : IAsyncLifetime
{
    private static readonly GrainId Id = GrainId.Create("leader", "0");

    private readonly TempFolder _folder = new();
    private RocksDbStore _store = null!;
    private KeyValueGrainStorage _grains = null!;

    public async ValueTask InitializeAsync()
    {
        _store = await Stores.OpenAsync(_folder["db"]);
        _grains = new KeyValueGrainStorage(_store);
    }

    public async ValueTask DisposeAsync()
    {
        _grains.Dispose();
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task What_was_never_written_is_new()
    {
        var state = await ReadAsync();

        Assert.Equal((false, null, 0), (state.RecordExists, state.ETag, state.State!.Number));
    }

    [Fact]
    public async Task What_was_written_is_read_with_its_etag()
    {
        var written = await ReadAsync();
        written.State!.Number = 7;
        await WriteAsync(written);

        var state = await ReadAsync();

        Assert.Equal((true, "1", 7), (state.RecordExists, state.ETag, state.State!.Number));
        Assert.Equal((true, "1"), (written.RecordExists, written.ETag));
        Assert.Equal("\0\0\0\0\0\0\0\u0001{\"Number\":7}", await Stores.GetAsync(_store, "leader/0/epoch", Family.Grains));
    }

    [Fact]
    public async Task States_and_grains_are_apart()
    {
        var other = new GrainState<Counter>(new Counter());
        var written = await ReadAsync();
        written.State!.Number = 7;
        await WriteAsync(written);

        foreach (var (name, id) in ((string, GrainId)[])[("other", Id), ("epoch", GrainId.Create("leader", "1")), ("epoch", GrainId.Create("pool", "0"))])
        {
            await _grains.ReadStateAsync(name, id, other);
            Assert.False(other.RecordExists);
        }
    }

    [Fact]
    public async Task A_write_or_deletion_with_an_old_etag_is_refused_and_changes_nothing()
    {
        var first = await ReadAsync();
        var second = await ReadAsync();
        second.State!.Number = 2;
        await WriteAsync(second);
        var third = await ReadAsync();
        await WriteAsync(third);

        first.State!.Number = 1;
        second.State!.Number = 3;
        var conflict = await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(first));
        Assert.Contains("epoch", conflict.Message, StringComparison.Ordinal);
        Assert.Contains("leader/0", conflict.Message, StringComparison.Ordinal);
        Assert.Equal(("2", "none"), (conflict.StoredEtag, conflict.CurrentEtag));
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(second));
        await Assert.ThrowsAsync<InconsistentStateException>(() => ClearAsync(first));
        await Assert.ThrowsAsync<InconsistentStateException>(() => ClearAsync(second));

        var state = await ReadAsync();
        Assert.Equal(("2", 2), (state.ETag, state.State!.Number));
    }

    [Fact]
    public async Task A_write_that_expects_a_state_where_none_is_stored_is_refused()
    {
        var state = new GrainState<Counter>(new Counter(), "1");

        var conflict = await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(state));

        Assert.Equal(("none", "1"), (conflict.StoredEtag, conflict.CurrentEtag));
    }

    [Fact]
    public async Task Of_writes_at_the_same_time_one_wins()
    {
        var states = new List<GrainState<Counter>>();
        for (var i = 1; i <= 8; i++)
        {
            var state = await ReadAsync();
            state.State!.Number = i;
            states.Add(state);
        }

        var outcomes = await Task.WhenAll(states.Select(async state => (state.State!.Number, Error: await Record.ExceptionAsync(() => WriteAsync(state)))));

        var winner = Assert.Single(outcomes, outcome => outcome.Error is null);
        Assert.All(outcomes.Except([winner]), outcome => Assert.IsType<InconsistentStateException>(outcome.Error));
        Assert.Equal(winner.Number, (await ReadAsync()).State!.Number);
    }

    [Fact]
    public async Task A_cleared_state_is_new_but_its_etags_are_never_given_again()
    {
        var state = await ReadAsync();
        await WriteAsync(state);
        var old = await ReadAsync();
        state.State!.Number = 5;
        await WriteAsync(state);

        await ClearAsync(state);

        Assert.Equal((false, "3"), (state.RecordExists, state.ETag));
        var cleared = await ReadAsync();
        Assert.Equal((false, "3", 0), (cleared.RecordExists, cleared.ETag, cleared.State!.Number));
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(old));
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(new GrainState<Counter>(new Counter())));
        cleared.State!.Number = 9;
        await WriteAsync(cleared);
        Assert.Equal("4", (await ReadAsync()).ETag);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00000000000001")]
    [InlineData("00000000000000017b")]
    [InlineData("00000000000000016e756c6c")]
    public async Task A_damaged_state_is_said_to_be(string stored)
    {
        await _store.CommitAsync(Stores.Put(Stores.Bytes("leader/0/epoch"), Convert.FromHexString(stored), Family.Grains), sync: false);

        var damage = await Assert.ThrowsAsync<StorageException>(ReadAsync);

        Assert.Equal((StorageFault.Corrupt, "the state 'epoch' of grain leader/0 is damaged"), (damage.Fault, damage.Message));
    }

    [Fact]
    public async Task No_state_at_all_cannot_be_written()
    {
        await Assert.ThrowsAsync<ArgumentNullException>(() => WriteAsync(new GrainState<Counter>(null!)));
    }

    [Fact]
    public async Task Every_write_is_synced()
    {
        var syncs = _store.SyncCount;
        var state = await ReadAsync();
        await WriteAsync(state);
        await ClearAsync(state);

        Assert.Equal(syncs + 2, _store.SyncCount);
    }

    private async Task<GrainState<Counter>> ReadAsync()
    {
        var state = new GrainState<Counter>(new Counter { Number = -1 });
        await _grains.ReadStateAsync("epoch", Id, state);
        return state;
    }

    private Task WriteAsync(GrainState<Counter> state) => _grains.WriteStateAsync("epoch", Id, state);

    private Task ClearAsync(GrainState<Counter> state) => _grains.ClearStateAsync("epoch", Id, state);

    internal sealed class Counter
    {
        public int Number { get; set; }
    }
}
