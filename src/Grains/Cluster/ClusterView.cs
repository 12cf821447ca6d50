using Kimura.Storage.Log;

namespace Kimura.Grains.Cluster;

/// <summary>What this silo last heard of its cluster's log. Any thread may ask.</summary>
public sealed class ClusterView
{
    private LogNews? _news;
    private int _isLost = 1;

    /// <summary>The last news, null before any came.</summary>
    public LogNews? News => Volatile.Read(ref _news);

    /// <summary>True while the log cannot be reached.</summary>
    public bool IsLost => Volatile.Read(ref _isLost) == 1;

    /// <summary>The log answered; true where it was lost before.</summary>
    public bool Heard(LogNews news)
    {
        Volatile.Write(ref _news, news);
        return Interlocked.Exchange(ref _isLost, 0) == 1;
    }

    /// <summary>The log does not answer; true where it did before.</summary>
    public bool Lost() => Interlocked.Exchange(ref _isLost, 1) == 0;
}
