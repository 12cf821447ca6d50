using Kimura.Interfaces;
using Kimura.Storage.Log;

namespace Kimura.Grains.Cluster;

/// <summary>What this silo knows of its cluster: which silos run, and what it last heard of the log. Any thread may ask.</summary>
public sealed class ClusterView(ILivingSilos silos)
{
    private LogNews? _news;
    private int _isLost = 1;

    /// <summary>The last news, null before any came.</summary>
    public LogNews? News => Volatile.Read(ref _news);

    /// <summary>True while the log cannot be reached.</summary>
    public bool IsLost => Volatile.Read(ref _isLost) == 1;

    /// <summary>The cluster as a silo whose chain ends at a height sees it.</summary>
    public ClusterStatus StatusAt(ulong height)
    {
        var news = News;
        return new ClusterStatus
        {
            Silos = [.. silos.Names.Order(StringComparer.Ordinal)],
            Leader = news?.Leader?.Silo,
            Epoch = news?.LeaderEpoch ?? 0,
            ReplicaLag = LagAt(height),
            IsLogReachable = !IsLost,
        };
    }

    /// <summary>Blocks of the log that a silo whose chain ends at a height lacks.</summary>
    public ulong LagAt(ulong height) => News is { } news && news.Tip.Height > height ? news.Tip.Height - height : 0;

    /// <summary>The log answered; true where it was lost before.</summary>
    public bool Heard(LogNews news)
    {
        Volatile.Write(ref _news, news);
        return Interlocked.Exchange(ref _isLost, 0) == 1;
    }

    /// <summary>The log does not answer; true where it did before.</summary>
    public bool Lost() => Interlocked.Exchange(ref _isLost, 1) == 0;
}
