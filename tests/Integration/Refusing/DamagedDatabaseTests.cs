using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Refusing;

[Trait("Seed", "test_chain_integrity_hash_mismatch")]
public sealed class DamagedDatabaseTests(DatabaseCopies copies) : IClassFixture<DatabaseCopies>, IDisposable
{
    // The block encoding of protocol section 3: version, header, count, list.
    private const int HeightEnd = 1 + 7;
    private const int Timestamp = 1 + 8 + 6;
    private const int PrevHash = 1 + 16 + 5;
    private const int MessageRoot = 1 + 48 + 31;
    private const int Producer = 1 + 80 + 9;
    private const int ProducerSignature = 1 + 113 + 40;
    private const int Count = 1 + BlockHeader.Size + 3;
    private const int FirstId = Block.PrefixSize + 3;
    private const int FirstMessageHash = Block.PrefixSize + (MerkleTree.EntrySize / 2) + 20;

    private readonly TempDirectory _folder = new();

    private string Data => _folder.PathOf("data");

    public void Dispose() => _folder.Dispose();

    [Theory(Timeout = 60_000)]
    [InlineData("version", 0)]
    [InlineData("height", HeightEnd)]
    [InlineData("timestamp", Timestamp)]
    [InlineData("previous hash", PrevHash)]
    [InlineData("message root", MessageRoot)]
    [InlineData("producer", Producer)]
    [InlineData("signature", ProducerSignature)]
    [InlineData("count", Count)]
    [InlineData("message id", FirstId)]
    [InlineData("message hash", FirstMessageHash)]
    public async Task Flipped_byte_of_a_block_stops_the_start_and_names_its_height(string field, int offset)
    {
        TempDirectory.Copy(copies.Stopped, Data);
        var blocks = await RawDatabase.ReadBlocksAsync(Data);
        var block = blocks.First(block => block.Count > 0 && block.Height > 5);
        await RawDatabase.FlipInBlockAsync(Data, block.Height, offset);

        var line = Refusal.LineOf(await StartAsync(), Refusal.DatabaseRefused);

        TestContext.Current.SendDiagnosticMessage($"{field}: {line}");
        Refusal.AssertNames(block.Height, line);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(Timestamp)]
    [InlineData(ProducerSignature)]
    public async Task Flipped_byte_of_the_last_block_stops_the_start_and_names_its_height(int offset)
    {
        TempDirectory.Copy(copies.Stopped, Data);
        var last = (await RawDatabase.ReadBlocksAsync(Data))[^1];
        await RawDatabase.FlipInBlockAsync(Data, last.Height, offset);

        Refusal.AssertNames(last.Height, Refusal.LineOf(await StartAsync(), Refusal.DatabaseRefused));
    }

    [Fact(Timeout = 60_000)]
    [Trait("Seed", "test_chain_integrity_missing_block")]
    public async Task Missing_block_stops_the_start_and_is_named()
    {
        TempDirectory.Copy(copies.Stopped, Data);
        await RawDatabase.DeleteBlockAsync(Data, 7);

        Refusal.AssertNames(7, Refusal.LineOf(await StartAsync(), Refusal.DatabaseRefused));
    }

    [Fact(Timeout = 60_000)]
    public async Task Missing_genesis_is_put_back_without_anybodys_help()
    {
        TempDirectory.Copy(copies.Stopped, Data);
        await RawDatabase.DeleteBlockAsync(Data, 0);

        await using var node = await NodeProcess.StartTestModeAsync(Data, "--verify", "full");

        Assert.Equal(0, (await node.EndAsync(Signals.Terminate)).Code);
        Assert.Equal(0UL, (await RawDatabase.ReadBlocksAsync(Data))[0].Height);
    }

    [Fact(Timeout = 60_000)]
    public async Task Flipped_byte_of_a_message_is_found_by_a_full_check()
    {
        TempDirectory.Copy(copies.Stopped, Data);
        var block = (await RawDatabase.ReadBlocksAsync(Data)).Last(block => block.Count > 1);
        await RawDatabase.FlipInMessageAsync(Data, block, 1);

        var line = Refusal.LineOf(await StartAsync("--verify", "full"), Refusal.DatabaseRefused);

        Refusal.AssertNames(block.Height, line);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(25)]
    public async Task Flipped_byte_in_a_table_file_stops_the_start(int behindKey)
    {
        TempDirectory.Copy(copies.Stopped, Data);
        var (table, at) = Directory.EnumerateFiles(RawDatabase.DirectoryOf(Data), "*.sst")
            .Select(path => (path, RawFiles.Find(path, "block:"u8)))
            .First(found => found.Item2 >= 0);
        RawFiles.Flip(table, at + behindKey, 0x10);

        var line = Refusal.LineOf(await StartAsync(), Refusal.DatabaseRefused);

        Assert.Contains("damaged", line, StringComparison.Ordinal);
        Assert.Contains(Path.GetFileName(table), line, StringComparison.Ordinal);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("MANIFEST-*", 20)]
    [InlineData("CURRENT", 3)]
    public async Task Flipped_byte_in_a_file_of_the_database_itself_stops_the_start(string file, int at)
    {
        TempDirectory.Copy(copies.Stopped, Data);
        RawFiles.Flip(Directory.EnumerateFiles(RawDatabase.DirectoryOf(Data), file).Single(), at, 0x01);

        Assert.Contains("damaged", Refusal.LineOf(await StartAsync(), Refusal.DatabaseRefused), StringComparison.Ordinal);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(2, 0)]
    [InlineData(2, 5)]
    [InlineData(2, 14)]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    [InlineData(1, 3)]
    [InlineData(1, 9)]
    [InlineData(1, 15)]
    public async Task Flipped_bit_in_the_length_of_a_log_record_stops_the_start(int part, int bit)
    {
        // 2: in the middle of the log, 1: its last record.
        TempDirectory.Copy(copies.Killed, Data);
        var log = RawFiles.NewestLog(Data);
        var records = RawFiles.RecordsOf(log);
        var record = records[(records.Count / part) - 1];
        RawFiles.FlipLength(log, record, bit);

        var line = Refusal.LineOf(await StartAsync(), Refusal.DatabaseRefused);

        Assert.Contains(Path.GetFileName(log), line, StringComparison.Ordinal);
        Assert.Contains($"byte {record}", line, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task Killed_leaders_database_itself_is_accepted()
    {
        TempDirectory.Copy(copies.Killed, Data);
        await using var node = await NodeProcess.StartTestModeAsync(Data, "--verify", "full");

        Assert.Equal(0, (await node.EndAsync(Signals.Terminate)).Code);
    }

    private Task<Ending> StartAsync(params string[] options) =>
        NodeProcess.RunAsync(["--test-mode", "--db-path", Data, "--rpc-port", "0", .. options]);
}
