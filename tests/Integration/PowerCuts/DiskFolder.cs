namespace Kimura.Tests.Integration.PowerCuts;

/// <summary>A directory on a disk that forgets: its entries last only when the directory itself was synced.</summary>
internal sealed class DiskFolder
{
    private readonly List<(int At, Action<Dictionary<string, object>> Apply)> _pending = [];

    /// <summary>Files and folders by name, as a running system shows them.</summary>
    public Dictionary<string, object> Live { get; } = new(StringComparer.Ordinal);

    /// <summary>Those that a power cut leaves in any case.</summary>
    public Dictionary<string, object> Durable { get; } = new(StringComparer.Ordinal);

    public void Put(int at, string name, object node) => Change(at, entries => entries[name] = node);

    public void Remove(int at, string name) => Change(at, entries => entries.Remove(name));

    public void Rename(int at, string from, string to)
    {
        var node = Live[from];
        Change(at, entries =>
        {
            entries.Remove(from);
            entries[to] = node;
        });
    }

    public void Sync(int begin)
    {
        foreach (var (_, apply) in _pending.Where(change => change.At < begin))
        {
            apply(Durable);
        }

        _pending.RemoveAll(change => change.At < begin);
    }

    /// <summary>As a power cut may leave it: none of the changes that were not synced, all, the first ones, or any of them.</summary>
    public Dictionary<string, object> Draw(Random random)
    {
        var drawn = new Dictionary<string, object>(Durable, StringComparer.Ordinal);
        var way = random.Next(4);
        var first = random.Next(_pending.Count + 1);
        for (var i = 0; i < _pending.Count; i++)
        {
            if (way == 1 || (way == 2 && i < first) || (way == 3 && random.Next(2) == 0))
            {
                _pending[i].Apply(drawn);
            }
        }

        return drawn;
    }

    private void Change(int at, Action<Dictionary<string, object>> apply)
    {
        apply(Live);
        _pending.Add((at, apply));
    }
}
