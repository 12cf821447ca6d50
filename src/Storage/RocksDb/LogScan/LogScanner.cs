using System.Globalization;
using Kimura.Durability;
using Microsoft.Extensions.Logging;

namespace Kimura.Storage.RocksDb.LogScan;

/// <summary>
/// Looks through the log files before RocksDB opens them (protocol section 4: no damaged synced record is cut off in silence). RocksDB's
/// strict recovery refuses what a kill leaves, its others drop synced records after one flipped bit in a length. So the scan decides:
/// an unfinished write at the end of the newest log is cut off the file, said so, and all else that does not verify is refused; RocksDB
/// then opens strictly, and an interrupted start finds the same files again.
/// </summary>
internal static partial class LogScanner
{
    /// <summary>Scans and cuts. The caller holds the directory, so that nobody writes the logs meanwhile.</summary>
    /// <exception cref="StorageException">Corrupt: one line that names file and byte. Failed: a log cannot be read or cut.</exception>
    internal static void Run(string directory, ILogger logger)
    {
        try
        {
            var logs = Directory.EnumerateFiles(directory, "*.log")
                .Select(path => (Path: path, Number: NumberOf(path)))
                .Where(log => log.Number is not null)
                .OrderBy(log => log.Number)
                .Select(log => log.Path)
                .ToList();
            RefuseWithoutCurrent(directory, logs);
            for (var i = 0; i < logs.Count; i++)
                Scan(logs[i], i == logs.Count - 1, logger);

            CheckManifest(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(StorageFault.Failed, $"the database logs in {directory} cannot be read: {e.Message}", e);
        }
    }

    private static ulong? NumberOf(string path) =>
        ulong.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    // RocksDB would take the directory for a new one, and sweep the files away.
    private static void RefuseWithoutCurrent(string directory, List<string> logs)
    {
        if (!File.Exists(Path.Combine(directory, "CURRENT"))
            && (logs.Any(log => new FileInfo(log).Length > 0) || Directory.EnumerateFiles(directory, "*.sst").Any()))
        {
            throw new StorageException(
                StorageFault.Corrupt,
                $"the database in {directory} is damaged: its file CURRENT is gone; put back a copy of the database, or fetch the chain anew from a peer into an empty directory")
            {
                InFiles = true,
            };
        }
    }

    // The manifest has a log's form. RocksDB takes a record that does not verify at its end for one that was never finished, and goes on without the
    // files that it names; so what was finished and then damaged is told apart here. What is unfinished is left to RocksDB: it is never synced.
    private static void CheckManifest(string directory)
    {
        var current = Path.Combine(directory, "CURRENT");
        var manifest = File.Exists(current) ? Path.Combine(directory, File.ReadAllText(current).TrimEnd('\n')) : null;
        if (!File.Exists(manifest) || Path.GetDirectoryName(manifest) != directory)
            return;

        using var file = new LogFile(manifest);
        _ = new LogVerifier(file, isNewest: true, holdsBatches: false).FindEnd();
    }

    private static void Scan(string path, bool isNewest, ILogger logger)
    {
        long end, length;
        using (var file = new LogFile(path))
        {
            length = file.Length;
            end = new LogVerifier(file, isNewest).FindEnd();
        }

        if (end == length)
            return;

        using var cut = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.Read);
        WriteSite.Before("log cut");
        cut.SetLength(end);
        cut.Flush(flushToDisk: true);
        WriteSite.After("log cut");
        LogCut(logger, length - end, path, end);
    }

    [LoggerMessage(1, LogLevel.Warning, "Cut {Bytes} bytes of an unfinished write off the end of {File} (now {Length} bytes); nothing in it was answered")]
    private static partial void LogCut(ILogger logger, long bytes, string file, long length);
}
