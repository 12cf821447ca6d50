using Kimura.Storage;
using Kimura.Storage.SignGuard;
using Xunit;

namespace Kimura.Tests.Unit.Storage;

public sealed class FileSignGuardTests : IDisposable
{
    private const int Slot = 4096;
    private readonly TempFolder _folder = new();

    private string Guard => _folder["sign.guard"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Record_survives_a_restart()
    {
        using (var guard = FileSignGuard.Open(Guard))
        {
            Assert.Null(guard.Last);
            await guard.RecordAsync(Block(1));
            AssertLast(guard, 1);
            await guard.RecordAsync(Block(5));
        }

        for (var round = 0; round < 3; round++)
        {
            using var guard = FileSignGuard.Open(Guard);
            AssertLast(guard, 5UL + (ulong)round);
            await guard.RecordAsync(Block(6UL + (ulong)round));
        }
    }

    [Fact]
    public void New_file_is_whole_and_only_its_owners()
    {
        using (FileSignGuard.Open(_folder["made/with/it/sign.guard"]))
        {
        }

        Assert.Equal(["sign.guard"], Directory.GetFiles(_folder["made/with/it"]).Select(Path.GetFileName));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["made/with/it/sign.guard"]));

        Assert.Equal(2 * Slot, new FileInfo(_folder["made/with/it/sign.guard"]).Length);
    }

    [Fact]
    public async Task Same_block_again_is_nothing_and_another_at_or_below_its_height_is_a_bug()
    {
        await DoAsync(guard => guard.RecordAsync(Block(7)));
        var bytes = await ReadAsync();
        await DoAsync(guard => guard.RecordAsync(Block(7)));
        Assert.Equal(bytes, await ReadAsync());

        foreach (var other in (SignedBlock[])[new(7, new byte[32]), Block(6), Block(0)])
            await Assert.ThrowsAsync<InvalidOperationException>(() => DoAsync(guard => guard.RecordAsync(other)));

        await Assert.ThrowsAsync<ArgumentException>(() => DoAsync(guard => guard.RecordAsync(new SignedBlock(8, new byte[31]))));
        Assert.Equal(bytes, await ReadAsync());
        await DoAsync(guard => guard.RecordAsync(Block(8)));
        Assert.NotEqual(bytes, await ReadAsync());
    }

    [Fact]
    public async Task Accepted_loss_sets_the_height_back_or_forgets_it()
    {
        using (var guard = FileSignGuard.Open(Guard))
        {
            await guard.RecordAsync(Block(100));
            await guard.AcceptLossAsync(Block(40));
            AssertLast(guard, 40);
            await guard.RecordAsync(Block(41));
            await guard.AcceptLossAsync(null);
            Assert.Null(guard.Last);
        }

        using var reopened = FileSignGuard.Open(Guard);
        Assert.Null(reopened.Last);
        await reopened.RecordAsync(Block(1));
        AssertLast(reopened, 1);
    }

    [Fact]
    public async Task Caller_keeps_its_hash_buffer()
    {
        using var guard = FileSignGuard.Open(Guard);
        var hash = Hash(3);
        await guard.RecordAsync(new SignedBlock(3, hash));
        hash[0] ^= 1;
        AssertLast(guard, 3);
    }

    [Fact]
    public async Task Concurrent_records_are_taken_one_by_one()
    {
        using (var guard = FileSignGuard.Open(Guard))
        {
            await Task.WhenAll(Enumerable.Range(1, 50).Select(i => guard.RecordAsync(Block((ulong)i)).AsTask()));
            AssertLast(guard, 50);
        }

        using var reopened = FileSignGuard.Open(Guard);
        AssertLast(reopened, 50);
    }

    [Fact]
    public void Guard_in_use_is_refused_as_locked_and_one_that_cannot_be_made_as_failed()
    {
        using (FileSignGuard.Open(Guard))
            Assert.Equal(StorageFault.Locked, Assert.Throws<StorageException>(() => FileSignGuard.Open(Guard)).Fault);

        using var again = FileSignGuard.Open(Guard);
        Assert.Equal(StorageFault.Failed, Assert.Throws<StorageException>(() => FileSignGuard.Open(Path.Combine(Guard, "below"))).Fault);
    }

    [Fact]
    public async Task Failed_write_ends_the_guard_and_keeps_the_record_before_it()
    {
        await DoAsync(async guard =>
        {
            await guard.RecordAsync(Block(1));
            guard.BeforeWrite = () => throw new IOException("disk on fire");
            var refusal = await Assert.ThrowsAsync<StorageException>(async () => await guard.RecordAsync(Block(2)));
            Assert.Equal(StorageFault.Failed, refusal.Fault);
            Assert.Contains("disk on fire", refusal.Message, StringComparison.Ordinal);
            guard.BeforeWrite = null;
            Assert.Equal(StorageFault.Failed, (await Assert.ThrowsAsync<StorageException>(async () => await guard.RecordAsync(Block(3)))).Fault);
            AssertLast(guard, 1);
        });
        await DoAsync(guard => guard.RecordAsync(Block(2)));
    }

    [Fact]
    public async Task Closed_guard_takes_nothing()
    {
        var guard = FileSignGuard.Open(Guard);
        guard.Dispose();
        guard.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await guard.RecordAsync(Block(1)));
    }

    [Fact]
    public void Unfinished_file_of_a_start_that_was_cut_off_is_made_anew()
    {
        File.WriteAllText(Guard + ".new", "x");
        using var guard = FileSignGuard.Open(Guard);
        Assert.Null(guard.Last);
        Assert.False(File.Exists(Guard + ".new"));
    }

    private static byte[] Hash(ulong height) => [.. Enumerable.Range(0, 32).Select(i => unchecked((byte)(height + (ulong)i)))];

    private static SignedBlock Block(ulong height) => new(height, Hash(height));

    private static void AssertLast(FileSignGuard guard, ulong height)
    {
        Assert.Equal(height, guard.Last!.Value.Height);
        Assert.Equal(Hash(height), guard.Last.Value.Hash.ToArray());
    }

    // Only where no guard is open: its lock keeps out every other .NET reader.
    private Task<byte[]> ReadAsync() => File.ReadAllBytesAsync(Guard);

    private async Task DoAsync(Func<FileSignGuard, ValueTask> action)
    {
        using var guard = FileSignGuard.Open(Guard);
        await action(guard);
    }
}
