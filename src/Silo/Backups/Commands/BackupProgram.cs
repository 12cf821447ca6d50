using System.CommandLine;
using System.Runtime.InteropServices;
using Kimura.Chain;
using Kimura.Silo.Configuration;
using Kimura.Silo.Hosting;
using Kimura.Silo.Work;
using Kimura.Storage;
using Kimura.Storage.Backup;
using Kimura.Storage.Ledger;
using Kimura.Storage.RocksDb;
using Kimura.Storage.SignGuard;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Backups.Commands;

/// <summary>The backup commands, from their options to their exit code.</summary>
internal sealed class BackupProgram(NodeConfiguration configuration, int? keep, ILogger logger, CancellationToken stopping)
{
    private const string KeysAreApart = "The leader's key and its sign guard are in no backup: keep a copy of leader.key apart, and secretly; never put an older .guard back.";

    private readonly ProgressLine _progress = new(Console.Error);

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        using var stopping = new CancellationTokenSource();
        var parsed = new BackupCommandLine(RunOneAsync).Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            await Console.Error.WriteLineAsync(parsed.Errors[0].Message);
            return ExitCode.BadOption;
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stopping.Cancel();
        }

        Task<int> RunOneAsync(ParseResult given, Func<BackupProgram, Task<int>> command) => GuardAsync(given, command, stopping.Token);
    }

    public async Task<int> CreateAsync()
    {
        var options = new BackupOptions(configuration);
        using var node = await RunningNode.TryAskAsync(options, stopping);
        if (node is not null)
        {
            var keys = node.LeaderKeys.Count > 0 ? node.LeaderKeys : options.LeaderKeys;
            return await CreateAsync(node.CheckpointPath, node.Version, keys);
        }

        if (!File.Exists(Path.Combine(configuration.DatabaseDirectory, "CURRENT")))
        {
            throw new ConfigurationException($"--{OptionTable.DbPath}: there is no database in {configuration.DatabaseDirectory}");
        }

        await using var store = await RocksDbStore.OpenAsync(configuration.DatabaseDirectory, logger);
        using var checkpoints = new Checkpoints(store, options.CheckpointFolder);
        checkpoints.Clean();
        using var checkpoint = await checkpoints.TryTakeAsync();
        return await CreateAsync(checkpoint!.Path, KimuraNode.Version, options.LeaderKeys);
    }

    public int List()
    {
        using var directory = BackupDirectory.OpenToRead(configuration.BackupDirectory!);
        var backups = directory.List();
        foreach (var line in BackupTable.Lines(backups))
        {
            Console.WriteLine(line);
        }

        return backups.Any(backup => backup.Damage is not null) ? ExitCode.DatabaseRefused : ExitCode.Stopped;
    }

    public async Task<int> VerifyAsync(string? name, bool full, string? scratch)
    {
        using var directory = BackupDirectory.OpenToRead(configuration.BackupDirectory!);
        var backups = name is null ? directory.List() : [Find(directory, name)];
        if (backups.Count == 0)
        {
            throw new StorageException(StorageFault.Refused, $"there is no backup in {directory.Root}");
        }

        var verification = new BackupVerification(directory) { Progress = _progress.Report };
        var damages = (await QuietThread.RunAsync(() => verification.Run(backups, stopping))).ToList();
        _progress.End();
        foreach (var backup in backups)
        {
            var own = damages.Where(damage => damage.Backup == backup.Name).ToList();
            if (own.Count == 0 && full && await FindFaultAsync(directory, backup.Manifest!, scratch ?? Path.GetTempPath()) is { } fault)
            {
                own.Add(new BackupDamage(backup.Name, BackupTable.ManifestOf(backup), fault));
            }

            Console.WriteLine(own.Count == 0 ? $"{backup.Name}: ok{(full ? ", its whole chain too" : "")}" : $"{backup.Name}: DAMAGED");
            own.ForEach(damage => Console.WriteLine($"  {damage}"));
            damages.AddRange(own.Except(damages));
        }

        return damages.Count == 0 ? ExitCode.Stopped : ExitCode.DatabaseRefused;
    }

    public async Task<int> RestoreAsync(string? name, ulong? height, bool replace)
    {
        using var directory = BackupDirectory.OpenToRead(configuration.BackupDirectory!);
        var backup = name is null ? BackupTable.Choose(directory, height) : Find(directory, name).Manifest
            ?? throw new StorageException(StorageFault.Corrupt, $"{Find(directory, name).Damage}; choose another backup with --backup");
        var signed = ReadGuard();
        var restore = new BackupRestore(directory, TimeProvider.System, logger)
        {
            Replace = replace,
            Progress = _progress.Report,
            Removed = at => _progress.Report((long)(backup.Chain.Height - at), (long)(backup.Chain.Height - height!.Value), "blocks removed"),
        };
        var result = await Task.Run(() => restore.RunAsync(backup, configuration.DatabaseDirectory, height, stopping));
        _progress.End();
        Console.WriteLine($"restored {backup.Name} to height {result.Height}, block {result.TipHash}, into {configuration.DatabaseDirectory}");
        foreach (var line in BackupTable.NextSteps(configuration, backup, result, signed))
        {
            Console.WriteLine(line);
        }

        return ExitCode.Stopped;
    }

    private static async Task<int> GuardAsync(ParseResult given, Func<BackupProgram, Task<int>> command, CancellationToken stopping)
    {
        using var logging = LoggerFactory.Create(NodeProgram.AddLogging);
        try
        {
            NodeProgram.ArmWriteFault();
            var values = OptionValues.Read(given, BackupCommandLine.NodeOptionsOf(given.CommandResult.Command), Environment.GetEnvironmentVariable);
            return await command(new BackupProgram(
                ConfigurationReader.ReadForBackups(values), ConfigurationReader.BackupKeep(values), logging.CreateLogger("Kimura.Backup"), stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("ended before it was done; nothing was changed but what the next backup uses or deletes");
            return ExitCode.Interrupted;
        }
        catch (Exception exception) when (NodeProgram.ExitCodeOf(exception) is { } code)
        {
            await Console.Error.WriteLineAsync(NodeProgram.OneLine(exception));
            return code;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(NodeProgram.OneLine(exception));
            return ExitCode.StorageFailed;
        }
    }

    private static BackupEntry Find(BackupDirectory directory, string name) =>
        directory.List().FirstOrDefault(backup => backup.Name == name)
        ?? throw new ConfigurationException($"--backup: there is no backup {name} in {directory.Root}");

    private async Task<int> CreateAsync(string checkpoint, string version, IReadOnlyList<LeaderKeyFrom> keys)
    {
        var result = await QuietThread.RunAsync(() =>
        {
            using var directory = BackupDirectory.OpenToWrite(configuration.BackupDirectory!);
            return new BackupRun(directory, TimeProvider.System, logger) { Progress = _progress.Report, Keep = keep, NodeVersion = version, LeaderKeys = keys }
                .Create(checkpoint, stopping);
        });
        _progress.End();
        var manifest = result.Manifest;
        Console.WriteLine(
            $"{manifest.Name}: height {manifest.Chain.Height}, block {manifest.Chain.TipHash}, {manifest.Files.Count} files of {ByteSize.Of(manifest.Size)}, "
            + $"{result.NewObjects} of them new in {ByteSize.Of(result.NewBytes)}");
        foreach (var deleted in result.Deleted)
        {
            Console.WriteLine($"{deleted}: deleted, {keep} are kept");
        }

        Console.WriteLine(KeysAreApart);
        return ExitCode.Stopped;
    }

    // The node's own check, on a copy: every signature and every message.
    private async Task<string?> FindFaultAsync(BackupDirectory directory, BackupManifest backup, string scratch)
    {
        var copy = Path.Combine(scratch, $"kimura-verify-{Environment.ProcessId}");
        Directory.CreateDirectory(copy, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            await QuietThread.RunAsync(() =>
            {
                new BackupRestore(directory, TimeProvider.System, logger).Extract(backup, copy, stopping);
                return true;
            });
            await using var store = await RocksDbStore.OpenAsync(copy, logger);
            using var chain = await ChainStoreOpening.OpenAsync(store, new ChainParameters(backup.Chain.ChainId), guard: null);
            using var workers = new WorkerThreads(Environment.ProcessorCount);
            var producers = backup.LeaderKeys.Count == 0
                ? ProducerSchedule.Unknown()
                : new ProducerSchedule(backup.LeaderKeys.Select(key => (key.Height, key.Key)));
            await new IntegrityCheck(store, chain, producers, workers, logger).RunAsync(VerifyMode.Full, stopping);
            return null;
        }
        catch (StorageException exception) when (exception.Fault is StorageFault.Corrupt or StorageFault.Refused)
        {
            return $"names a database that does not verify: {exception.Message}";
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    private SignedBlock? ReadGuard()
    {
        if (!File.Exists(configuration.GuardPath))
        {
            return null;
        }

        using var guard = FileSignGuard.Open(configuration.GuardPath);
        return guard.Last;
    }
}
