namespace Kimura.Silo.Backups.Commands;

/// <summary>Says at every tenth how far a long piece of work is; nothing of a short one.</summary>
internal sealed class ProgressLine(TextWriter output)
{
    private const long LongBytes = 128 << 20;
    private const long LongBlocks = 10_000;
    private long _tenth;

    public void Report(long done, long total)
    {
        if (total >= LongBytes)
        {
            Say(done, total, $"{ByteSize.Of(done)} of {ByteSize.Of(total)}");
        }
    }

    public void Report(long done, long total, string what)
    {
        if (total >= LongBlocks)
        {
            Say(done, total, $"{done} of {total} {what}");
        }
    }

    /// <summary>What follows is other work.</summary>
    public void End() => _tenth = 0;

    private void Say(long done, long total, string what)
    {
        var tenth = 10 * done / total;
        if (tenth > _tenth)
        {
            output.WriteLine($"{10 * tenth} %: {what}");
        }

        // Work that begins anew, blocks after bytes, counts from its own beginning.
        _tenth = tenth;
    }
}
