namespace Kimura.Durability;

/// <summary>
/// Every place where the node writes, syncs, renames or creates something that must last says so here, before and after
/// (docs/decisions/write-sites.md). Nothing happens, and nothing is spent but the look at one field, until a fault is armed.
/// </summary>
public static class WriteSite
{
    private static volatile WriteFault? _armed;

    /// <summary>From now on this fault strikes in this process: once, at the start, before anything is written.</summary>
    public static void Arm(WriteFault? fault) => _armed = fault;

    /// <summary>What follows is written now.</summary>
    /// <exception cref="IOException">The armed fault fails this site: nothing was written.</exception>
    public static void Before(string site, bool canFail = true) => _armed?.Meet(site, WriteMoment.Before, canFail);

    /// <summary>It is written.</summary>
    /// <exception cref="IOException">The armed fault fails this site, although it was written.</exception>
    public static void After(string site, bool canFail = true) => _armed?.Meet(site, WriteMoment.After, canFail);
}
