using System.Text.Json.Nodes;
using Kimura.Storage;
using Kimura.Storage.SignGuard;
using Kimura.Tests.Unit.Chain.Golden;
using Xunit;

namespace Kimura.Tests.Unit.Storage;

/// <summary>The bytes of the sign guard's file, whole and damaged.</summary>
public sealed class SignGuardBytesTests : IDisposable
{
    private const int Slot = 4096;
    private const int SlotBytes = 89;
    private readonly TempFolder _folder = new();

    private string Guard => _folder["sign.guard"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Bytes_are_those_of_the_golden_file()
    {
        var states = new JsonArray();
        await DoAsync(_ => default);
        states.Add(State("created", null, await ReadAsync()));
        foreach (var (name, height) in (IEnumerable<(string, ulong)>)[("one record", 1), ("two records", 0x0102030405060708)])
        {
            await DoAsync(guard => guard.RecordAsync(Block(height)));
            states.Add(State(name, Block(height), await ReadAsync()));
        }

        GoldenFile.Check("sign_guard.json", new JsonObject
        {
            ["description"] = "The sign guard's file (protocol section 4), after each step: slots at the offsets given, the rest zero. A slot is \"KIMSIGN\" ++ version (1) ++ sequence (8) "
                + "++ kind (1: 0 nothing recorded, 1 a block) ++ height (8) ++ hash (32) ++ SHA-256 of all before; big-endian. Slot number = sequence mod 2; of the slots whose checksum fits, the "
                + "higher sequence counts. " + GoldenFile.NumberRule,
            ["file_size"] = 2 * Slot,
            ["states"] = states,
        });
    }

    private static JsonObject State(string name, SignedBlock? record, byte[] file)
    {
        Assert.False(file.AsSpan(SlotBytes..Slot).ContainsAnyExcept((byte)0));
        Assert.False(file.AsSpan(Slot + SlotBytes).ContainsAnyExcept((byte)0));
        return new JsonObject
        {
            ["name"] = name,
            ["last"] = record is not { } block ? null : new JsonObject
            {
                ["height"] = GoldenFile.Number(block.Height),
                ["hash"] = Convert.ToHexStringLower(block.Hash.Span),
            },
            ["slots"] = GoldenFile.Array(new[] { 0, Slot }.Select(offset => new JsonObject
            {
                ["offset"] = offset,
                ["bytes"] = Convert.ToHexStringLower(file.AsSpan(offset, SlotBytes)),
            })),
        };
    }

    [Fact]
    public async Task Write_cut_off_anywhere_leaves_the_record_before_it()
    {
        using (var guard = FileSignGuard.Open(Guard))
        {
            await guard.RecordAsync(Block(1));
            await guard.RecordAsync(Block(2));
        }

        // The record of height 1 has sequence 2 and stands in the first slot; 3 will overwrite it.
        var before = await ReadAsync();
        using (var guard = FileSignGuard.Open(Guard))
            await guard.RecordAsync(Block(3));

        var after = await ReadAsync();
        for (var written = 0; written <= SlotBytes; written++)
        {
            byte[] torn = [.. after[..written], .. before[written..]];
            await File.WriteAllBytesAsync(Guard, torn);
            using var guard = FileSignGuard.Open(Guard);
            AssertLast(guard, torn.AsSpan().SequenceEqual(after) ? 3UL : 2UL);
        }
    }

    [Fact]
    public async Task Any_flipped_bit_in_one_slot_leaves_the_other_and_in_both_is_refused()
    {
        using (var guard = FileSignGuard.Open(Guard))
        {
            await guard.RecordAsync(Block(1));
            await guard.RecordAsync(Block(2));
        }

        var bytes = await ReadAsync();
        for (var bit = 0; bit < SlotBytes * 8; bit++)
        {
            foreach (var (first, second, last) in (IEnumerable<(bool, bool, ulong)>)[(true, false, 2), (false, true, 1), (true, true, 0)])
            {
                var damaged = bytes.ToArray();
                damaged[bit / 8] ^= (byte)(first ? 1 << (bit % 8) : 0);
                damaged[Slot + (bit / 8)] ^= (byte)(second ? 1 << (bit % 8) : 0);
                await File.WriteAllBytesAsync(Guard, damaged);
                if (last == 0)
                {
                    AssertCorrupt();
                    continue;
                }

                using var guard = FileSignGuard.Open(Guard);
                AssertLast(guard, last);
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(8191)]
    [InlineData(8193)]
    public void File_of_another_length_is_refused(int length)
    {
        FileSignGuard.Open(Guard).Dispose();
        using (var file = File.OpenWrite(Guard))
            file.SetLength(length);

        AssertCorrupt();
    }

    [Fact]
    public void Slots_that_changed_places_are_refused()
    {
        FileSignGuard.Open(Guard).Dispose();
        var bytes = File.ReadAllBytes(Guard);
        File.WriteAllBytes(Guard, [.. bytes[Slot..], .. bytes[..Slot]]);
        AssertCorrupt();
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

    private void AssertCorrupt()
    {
        var refusal = Assert.Throws<StorageException>(() => FileSignGuard.Open(Guard));
        Assert.Equal(StorageFault.Corrupt, refusal.Fault);
        Assert.Contains(Guard, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }
}
