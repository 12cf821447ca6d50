using System.Globalization;
using System.Text;
using Kimura.Durability;

namespace Kimura.Storage.RocksDb;

/// <summary>
/// The folders of a database that is built anew: <c>NAME.new</c> while that is under way, <c>NAME.damaged-TIME</c> for the one that it replaced. A
/// process that ends in between leaves what the next one can finish or sweep away. The caller holds no store open on them.
/// </summary>
/// <param name="directory">The database's own folder, NAME.</param>
public sealed class DatabaseFolders(string directory)
{
    /// <summary>Damaged databases that are kept; older ones go.</summary>
    public const int MaxKept = 2;

    private const string DamageFile = "damaged.txt";
    private const string CompleteFile = "complete.txt";
    private const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";

    private readonly string _directory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));

    /// <summary>Where a new database is built.</summary>
    public string New => $"{_directory}.new";

    /// <summary>What was found damaged in the database's files while it was in use; null where nothing was.</summary>
    public string? ReadDamage() => File.Exists(PathOfDamage) ? File.ReadAllText(PathOfDamage).Trim() : null;

    /// <summary>Says, synced, that the database's files are damaged: the next start builds it anew. The first word stands.</summary>
    public void NoteDamage(string what)
    {
        if (!File.Exists(PathOfDamage))
        {
            DurableFile.Create(PathOfDamage, Line(what.ReplaceLineEndings(" ")), overwrite: true);
        }
    }

    /// <summary>Finishes a replacement that was cut short, or sweeps away a new database that never became complete.</summary>
    public void FinishInterrupted(DateTimeOffset now)
    {
        if (File.Exists(Path.Combine(New, CompleteFile)))
        {
            Replace(now);
        }
        else if (Directory.Exists(New))
        {
            Directory.Delete(New, recursive: true);
        }
    }

    /// <summary>Puts the closed new database in the old one's place, and that aside. Gives where it is now.</summary>
    public string? Replace(DateTimeOffset now)
    {
        var complete = Path.Combine(New, CompleteFile);
        if (!File.Exists(complete))
        {
            DurableFile.Create(complete, Line("built anew and closed"), overwrite: true);
        }

        string? aside = null;
        if (Directory.Exists(_directory))
        {
            aside = $"{_directory}.damaged-{now.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)}";
            for (var number = 2; Directory.Exists(aside); number++)
            {
                aside = $"{_directory}.damaged-{now.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)}-{number}";
            }

            Move(_directory, aside);
        }

        Move(New, _directory);
        DirectorySync.Sync(Path.GetDirectoryName(_directory)!);
        File.Delete(Path.Combine(_directory, CompleteFile));
        Prune();
        return aside;
    }

    private string PathOfDamage => Path.Combine(_directory, DamageFile);

    private static void Move(string from, string to)
    {
        WriteSite.Before("database rename");
        Directory.Move(from, to);
        WriteSite.After("database rename");
    }

    private static byte[] Line(string text) => Encoding.UTF8.GetBytes($"{text}\n");

    private void Prune()
    {
        var kept = Directory.GetDirectories(Path.GetDirectoryName(_directory)!, $"{Path.GetFileName(_directory)}.damaged-*").Order(StringComparer.Ordinal);
        foreach (var old in kept.SkipLast(MaxKept))
        {
            Directory.Delete(old, recursive: true);
        }
    }
}
