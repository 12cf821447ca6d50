using Kimura.Storage.KeyValue;
using Kimura.Storage.SignGuard;

namespace Kimura.Tests.Simulation.Disk;

/// <summary>
/// What a machine's disk holds, over all lives of its processes: commits that a loss of power keeps, and behind them those that were not synced, of
/// which it keeps a prefix.
/// </summary>
internal sealed class Platter
{
    private readonly Dictionary<byte[], byte[]>[] _families = [.. Enum.GetValues<Family>().Select(static _ => new Dictionary<byte[], byte[]>(ByteKeys.Instance))];
    private readonly HashSet<byte[]>[] _damaged = [.. Enum.GetValues<Family>().Select(static _ => new HashSet<byte[]>(ByteKeys.Instance))];
    private readonly List<List<(Family Family, byte[] Key, byte[]? Before)>> _unsynced = [];

    /// <summary>What the sign guard holds.</summary>
    public SignedBlock? Guard { get; set; }

    /// <summary>The leader key that was pinned.</summary>
    public byte[]? Pin { get; set; }

    /// <summary>How many commits a loss of power may take away.</summary>
    public int Unsynced => _unsynced.Count;

    /// <summary>All keys of a family.</summary>
    public IReadOnlyCollection<byte[]> KeysOf(Family family) => _families[(int)family].Keys;

    public byte[]? Find(Family family, ReadOnlySpan<byte> key) =>
        _families[(int)family].GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var value) ? value : null;

    public bool IsDamaged(Family family, ReadOnlySpan<byte> key) =>
        _damaged[(int)family].Count > 0 && _damaged[(int)family].GetAlternateLookup<ReadOnlySpan<byte>>().Contains(key);

    /// <summary>Some record of it was damaged, since it was last emptied.</summary>
    public bool WasDamaged { get; private set; }

    /// <summary>A bit of a record flips: its checksum no longer fits, until it is written anew.</summary>
    public void Damage(Family family, byte[] key) => WasDamaged = _damaged[(int)family].Add(key);

    /// <summary>Applies a batch, not synced yet.</summary>
    public void Apply(WriteBatch batch)
    {
        var undo = new List<(Family, byte[], byte[]?)>(batch.Count);
        for (var i = 0; i < batch.Count; i++)
        {
            var operation = batch[i];
            var family = _families[(int)operation.Family];
            var key = operation.Key.ToArray();
            undo.Add((operation.Family, key, family.GetValueOrDefault(key)));
            _damaged[(int)operation.Family].Remove(key);
            if (operation.IsDelete)
            {
                family.Remove(key);
            }
            else
            {
                family[key] = operation.Value.ToArray();
            }
        }

        _unsynced.Add(undo);
    }

    /// <summary>All that was applied is there for good.</summary>
    public void Sync() => _unsynced.Clear();

    /// <summary>Loses the commits that were not synced, but for the first so many.</summary>
    public void Lose(int keep)
    {
        for (var i = _unsynced.Count - 1; i >= keep; i--)
        {
            for (var j = _unsynced[i].Count - 1; j >= 0; j--)
            {
                var (family, key, before) = _unsynced[i][j];
                if (before is null)
                {
                    _families[(int)family].Remove(key);
                }
                else
                {
                    _families[(int)family][key] = before;
                }
            }
        }

        _unsynced.Clear();
    }

    /// <summary>Empties it, as an operator does who starts over.</summary>
    public void Wipe()
    {
        Array.ForEach(_families, static family => family.Clear());
        Array.ForEach(_damaged, static keys => keys.Clear());
        _unsynced.Clear();
        WasDamaged = false;
    }
}
