using System.Globalization;

namespace Kimura.Silo.Backups.Commands;

/// <summary>Bytes as people read them.</summary>
internal static class ByteSize
{
    public static string Of(long bytes) => bytes switch
    {
        < 1L << 10 => $"{bytes} B",
        < 1L << 20 => $"{((double)bytes / (1L << 10)).ToString("F1", CultureInfo.InvariantCulture)} KiB",
        < 1L << 30 => $"{((double)bytes / (1L << 20)).ToString("F1", CultureInfo.InvariantCulture)} MiB",
        _ => $"{((double)bytes / (1L << 30)).ToString("F1", CultureInfo.InvariantCulture)} GiB",
    };
}
