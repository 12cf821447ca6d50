using System.Globalization;
using Kimura.Chain;
using Kimura.Silo.Configuration;
using Kimura.Storage;
using Kimura.Storage.Backup;
using Kimura.Storage.SignGuard;

namespace Kimura.Silo.Backups.Commands;

/// <summary>What the commands say of backups, and which one they choose.</summary>
internal static class BackupTable
{
    /// <summary>A line for each backup, and what they take together.</summary>
    public static IEnumerable<string> Lines(IReadOnlyList<BackupEntry> backups)
    {
        var users = new Dictionary<Hash32, int>();
        foreach (var hash in backups.SelectMany(backup => ObjectsOf(backup).Select(file => file.Hash)))
        {
            users[hash] = users.GetValueOrDefault(hash) + 1;
        }

        foreach (var backup in backups)
        {
            if (backup.Manifest is not { } manifest)
            {
                yield return backup.Damage!.ToString();
                continue;
            }

            var own = ObjectsOf(backup).Where(file => users[file.Hash] == 1).Sum(file => file.StoredSize);
            var shared = ObjectsOf(backup).Where(file => users[file.Hash] > 1).Sum(file => file.StoredSize);
            yield return $"{backup.Name}  {manifest.Created.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} UTC  height {manifest.Chain.Height}  "
                + $"block {manifest.Chain.TipHash}  {ByteSize.Of(manifest.Size)}, stored in {ByteSize.Of(own)} of its own and {ByteSize.Of(shared)} shared";
        }

        var all = backups.SelectMany(ObjectsOf).DistinctBy(file => file.Hash).Sum(file => file.StoredSize);
        yield return $"{backups.Count} backups, {ByteSize.Of(all)}";
    }

    public static string ManifestOf(BackupEntry backup) => $"manifests/{backup.Name}.manifest";

    /// <summary>The newest backup; for a height the one with the fewest blocks above it.</summary>
    public static BackupManifest Choose(BackupDirectory directory, ulong? height)
    {
        var backups = directory.List();
        var good = backups.Select(backup => backup.Manifest).OfType<BackupManifest>().ToList();
        var chosen = height is null ? good.LastOrDefault() : good.Where(backup => backup.Chain.Height >= height).MinBy(backup => backup.Chain.Height);
        if (chosen is not null)
        {
            return chosen;
        }

        var why = backups.Count == 0 ? "there is no backup"
            : good.Count == 0 ? "no backup is whole"
            : $"no backup reaches height {height}; the highest ends at {good.Max(backup => backup.Chain.Height)}";
        throw new StorageException(StorageFault.Refused, $"{why} in {directory.Root}");
    }

    /// <summary>What to do after a restore.</summary>
    public static IEnumerable<string> NextSteps(NodeConfiguration configuration, BackupManifest backup, RestoreResult result, SignedBlock? signed)
    {
        if (result.MovedAside is { } aside)
        {
            yield return $"The database that was there is now {aside}; delete it when you do not need it any more.";
        }

        yield return result.Height < backup.Chain.Height
            ? $"Blocks {result.Height + 1} to {backup.Chain.Height} are not in it, nor their messages, nor what was pending: a node that others follow fetches the blocks back."
            : $"{result.Pending} messages are pending, as they were when the backup was made.";
        var options = string.Concat(
            $" --db-path {configuration.DbPath}",
            backup.Chain.ChainId is { } chainId ? $" --chain-id {chainId}" : "",
            backup.Chain.BodiesHeight is null ? "" : " --bodies on-demand");
        var keys = string.Concat(backup.LeaderKeys.Select(key => $" --leader-key {key.Key}{(key.Height == 0 ? "" : $"@{key.Height}")}"));
        yield return $"Start a peer: python3 blockchain.py run{options}{keys} --leader-address MULTIADDR";
        yield return "Start the leader, with its leader.key in place and a peer to fetch newer blocks from: "
            + $"python3 blockchain.py run{options}{(backup.LeaderKeys.Count > 1 ? keys : "")} --leader --leader-address MULTIADDR";
        if (signed?.Height > result.Height)
        {
            yield return $"The key {configuration.KeyPath} has signed blocks up to {signed.Value.Height}: the leader makes none before it has fetched them back from a peer "
                + "(or was told --accept-lost-blocks, and then signs their heights a second time).";
        }
        else if (signed is null)
        {
            yield return "Without the key's .guard file the leader cannot know what it has signed since: it must have a peer to ask, or it may sign heights a second time.";
        }

        yield return "The start checks the whole chain again.";
    }

    private static IEnumerable<BackupFile> ObjectsOf(BackupEntry backup) => (backup.Manifest?.Files ?? []).DistinctBy(file => file.Hash);
}
