using System.Globalization;
using System.Text.RegularExpressions;
using Kimura.Benchmarks.Ingest;

namespace Kimura.Benchmarks.Network;

/// <summary>When the leader committed each block and when each of the peers had stored it, by their logs.</summary>
internal sealed partial class BlockClock
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, (DateTimeOffset At, int Messages)> _committed = [];
    private readonly List<Dictionary<ulong, DateTimeOffset>> _stored = [];

    public BlockClock(NodeProcess leader, IEnumerable<NodeProcess> peers)
    {
        leader.OnLogged = line => Note(line, ProducedPattern(), (height, at, messages) => _committed[height] = (at, messages));
        foreach (var peer in peers)
        {
            var stored = new Dictionary<ulong, DateTimeOffset>();
            _stored.Add(stored);
            peer.OnLogged = line => Note(line, StoredPattern(), (height, at, _) => stored[height] = at);
        }
    }

    /// <summary>How many blocks the last answer was about.</summary>
    public int Measured { get; private set; }

    /// <summary>Milliseconds from the commit of each of the last <paramref name="count"/> blocks of this size to each peer, once all are there.</summary>
    public async Task<List<double>> DelaysAsync(int count, int messages, TimeSpan patience)
    {
        using var limit = new CancellationTokenSource(patience);
        while (true)
        {
            lock (_gate)
            {
                // Blocks that a peer stored together with others have no line of their own.
                var blocks = _committed.Where(block => messages == 0 ? block.Value.Messages == 0 : block.Value.Messages >= messages)
                    .OrderByDescending(block => block.Key).Take(count).ToList();
                if (blocks.Count > 0 && blocks.TrueForAll(block => _stored.TrueForAll(stored => stored.ContainsKey(block.Key))))
                {
                    Measured = blocks.Count;
                    return [.. blocks.SelectMany(block => _stored.Select(stored => (stored[block.Key] - block.Value.At).TotalMilliseconds))];
                }
            }

            await Task.Delay(50, limit.Token);
        }
    }

    private void Note(string line, Regex pattern, Action<ulong, DateTimeOffset, int> note)
    {
        if (pattern.Match(line) is { Success: true } match)
        {
            lock (_gate)
            {
                note(
                    ulong.Parse(match.Groups["height"].Value, CultureInfo.InvariantCulture),
                    DateTimeOffset.Parse(line[..line.IndexOf(' ', StringComparison.Ordinal)], CultureInfo.InvariantCulture),
                    int.Parse(match.Groups["messages"].Value, CultureInfo.InvariantCulture));
            }
        }
    }

    [GeneratedRegex("Produced block (?<height>[0-9]+) with (?<messages>[0-9]+) messages", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ProducedPattern();

    [GeneratedRegex("Stored block (?<height>[0-9]+) with (?<messages>[0-9]+) messages", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex StoredPattern();
}
