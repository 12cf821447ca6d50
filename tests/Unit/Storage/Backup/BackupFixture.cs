using Kimura.Chain;
using Kimura.Storage.Backup;
using Kimura.Tests.Unit.Storage.Ledger;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kimura.Tests.Unit.Storage.Backup;

/// <summary>A small chain, a backup directory and a clock, and the short forms of what tests do with them.</summary>
internal sealed class BackupFixture : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private int _checkpoints;

    private BackupFixture(LedgerFixture ledger) => Ledger = ledger;

    public LedgerFixture Ledger { get; }

    public ManualTimeProvider Clock { get; } = new();

    /// <summary>The backup directory.</summary>
    public string Backups => _folder["backups"];

    public static async Task<BackupFixture> CreateAsync(ChainParameters? parameters = null)
    {
        var fixture = new BackupFixture(await LedgerFixture.CreateAsync(parameters));
        await fixture.Ledger.ProduceAsync("alice", "bob");
        return fixture;
    }

    public string PathOf(string name) => _folder[name];

    /// <summary>A block more, and a backup an hour later.</summary>
    public async Task<BackupResult> BackUpAsync(int? keep = null, BackupHooks? hooks = null, params string[] senders)
    {
        await Ledger.ProduceAsync(senders);
        Clock.Advance(TimeSpan.FromHours(1));
        return await BackUpAgainAsync(keep, hooks);
    }

    /// <summary>A backup of the chain as it is.</summary>
    public async Task<BackupResult> BackUpAgainAsync(int? keep = null, BackupHooks? hooks = null)
    {
        var checkpoint = _folder[$"checkpoint-{++_checkpoints}"];
        await Ledger.Store.CheckpointAsync(checkpoint);
        return Create(checkpoint, keep, hooks);
    }

    public BackupResult Create(string checkpoint, int? keep = null, BackupHooks? hooks = null)
    {
        using var directory = BackupDirectory.OpenToWrite(Backups, hooks ?? new BackupHooks());
        return new BackupRun(directory, Clock, NullLogger.Instance) { Keep = keep, NodeVersion = "1.2.3" }.Create(checkpoint);
    }

    public IReadOnlyList<BackupEntry> List()
    {
        using var directory = BackupDirectory.OpenToRead(Backups);
        return directory.List();
    }

    public IReadOnlyList<BackupDamage> Verify()
    {
        using var directory = BackupDirectory.OpenToRead(Backups);
        return new BackupVerification(directory).Run(directory.List());
    }

    public async Task<RestoreResult> RestoreAsync(string name, BackupManifest backup, ulong? height = null, bool replace = false)
    {
        using var directory = BackupDirectory.OpenToRead(Backups);
        return await new BackupRestore(directory, Clock, NullLogger.Instance) { Replace = replace }.RunAsync(backup, _folder[name], height);
    }

    /// <summary>The objects that are there, by name.</summary>
    public IReadOnlyList<string> Objects() => Files("objects");

    /// <summary>What is not finished.</summary>
    public IReadOnlyList<string> Incoming() => Files("incoming");

    public async ValueTask DisposeAsync()
    {
        await Ledger.DisposeAsync();
        _folder.Dispose();
    }

    private List<string> Files(string folder) =>
        [.. Directory.EnumerateFiles(Path.Combine(Backups, folder), "*", SearchOption.AllDirectories).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
