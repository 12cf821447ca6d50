namespace Kimura.Tests.Integration.PowerCuts;

/// <summary>A file on a disk that forgets: what is on the platter for sure, and the changes since the last sync.</summary>
internal sealed class DiskFile(byte[] durable)
{
    private const int Sector = 512;
    private const int Page = 4096;

    private readonly List<Change> _pending = [];

    /// <summary>The bytes that a power cut leaves in any case.</summary>
    public byte[] Durable { get; private set; } = durable;

    public void Write(int at, long offset, byte[] data) => _pending.Add(new Change(at, offset, data));

    public void Resize(int at, long length) => _pending.Add(new Change(at, length, null));

    /// <summary>A sync that began at an entry of the journal has ended.</summary>
    public void Sync(int begin)
    {
        Durable = Apply(Durable, _pending.Where(change => change.At < begin));
        _pending.RemoveAll(change => change.At < begin);
    }

    /// <summary>As a running system shows it.</summary>
    public byte[] Live() => Apply(Durable, _pending);

    /// <summary>
    /// As a power cut may leave it: nothing of what was not synced, all, the first changes and a part of one, or any pages of them, in whatever order they
    /// reached the disk. Ends are torn at sectors; what a grown file never got is zero.
    /// </summary>
    public byte[] Draw(Random random) => _pending.Count == 0 ? Durable : random.Next(4) switch
    {
        0 => Durable,
        1 => Live(),
        2 => DrawFirst(random),
        _ => DrawPages(random),
    };

    private static byte[] Apply(byte[] bytes, IEnumerable<Change> changes)
    {
        foreach (var change in changes)
        {
            var length = change.Data is null ? change.Offset : Math.Max(bytes.Length, change.Offset + change.Data.Length);
            if (length != bytes.Length || change.Data is not null)
            {
                var next = new byte[length];
                bytes.AsSpan(0, (int)Math.Min(length, bytes.Length)).CopyTo(next);
                change.Data?.CopyTo(next.AsSpan((int)change.Offset));
                bytes = next;
            }
        }

        return bytes;
    }

    private byte[] DrawFirst(Random random)
    {
        var count = random.Next(_pending.Count);
        var bytes = Apply(Durable, _pending.Take(count));
        var torn = _pending[count];
        if (torn.Data is not { } data)
        {
            return bytes;
        }

        var end = (torn.Offset + random.Next(data.Length)) / Sector * Sector;
        return end <= torn.Offset ? bytes : Apply(bytes, [torn with { Data = data[..(int)(end - torn.Offset)] }]);
    }

    private byte[] DrawPages(Random random)
    {
        var live = Live();
        var drawn = new byte[Math.Max(live.Length, Durable.Length)];
        Durable.CopyTo(drawn, 0);
        var written = Durable.Length;
        for (var start = 0; start < live.Length; start += Page)
        {
            var page = live.AsSpan(start, Math.Min(Page, live.Length - start));
            var sectors = random.Next(3) switch
            {
                0 => 0,
                1 => Page / Sector,
                _ => random.Next(Page / Sector),
            };
            var reached = page[..Math.Min(page.Length, sectors * Sector)];
            reached.CopyTo(drawn.AsSpan(start));
            written = reached.IsEmpty ? written : Math.Max(written, start + reached.Length);
        }

        // The length is on disk, too, or not yet.
        return live.Length < Durable.Length ? drawn[..(random.Next(2) == 0 ? live.Length : Durable.Length)]
            : drawn[..(random.Next(2) == 0 ? written : live.Length)];
    }

    // Without data: the file has this length now.
    private sealed record Change(int At, long Offset, byte[]? Data);
}
