using Kimura.Storage.Ledger;
using Microsoft.Extensions.Logging;

namespace Kimura.Storage.Space;

/// <summary>
/// Looks after the room on the disk. Below the reserve the chain pauses, before RocksDB finds no room in the middle of its own work; with the reserve and a
/// quarter free again it goes on.
/// </summary>
/// <param name="chain">What pauses.</param>
/// <param name="measure">Asks how much room there is.</param>
/// <param name="reserve">Bytes to leave free; 0 never pauses, null is <see cref="DiskSpace.DefaultReserve"/>.</param>
/// <param name="logger">Where a pause and its end are told.</param>
public sealed partial class SpaceWatch(ChainStore chain, Func<DiskSpace> measure, long? reserve, ILogger logger)
{
    private long _free;
    private bool _isShort;

    /// <summary>Bytes free at the last look.</summary>
    public long Free => Volatile.Read(ref _free);

    /// <summary>One look; to be called now and then, one call at a time.</summary>
    /// <exception cref="IOException">The system does not say how much is free; nothing has changed.</exception>
    public void Check()
    {
        var space = measure();
        Volatile.Write(ref _free, space.Free);
        var kept = reserve ?? space.DefaultReserve;
        var wasShort = _isShort;
        _isShort = space.Free < (wasShort ? kept + (kept / 4) : kept);
        chain.SetPause(_isShort ? $"the disk has {space.Free >> 20} MiB free, and {kept >> 20} MiB are kept in reserve" : null);
        if (_isShort && !wasShort)
        {
            LogShort(logger, space.Free, kept);
        }
        else if (wasShort && !_isShort)
        {
            LogRoom(logger, space.Free);
        }
    }
}
