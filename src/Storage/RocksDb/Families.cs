using Kimura.Storage.KeyValue;

namespace Kimura.Storage.RocksDb;

/// <summary>The families and their names on disk.</summary>
internal static class Families
{
    /// <summary>All families, in the order of their numbers, which start at 1.</summary>
    internal static readonly Family[] All = [.. Enum.GetValues<Family>().Where(family => family != Family.Unspecified).Order()];

    internal static string NameOf(Family family) => family switch
    {
        Family.Blocks => "blocks",
        Family.Messages => "messages",
        Family.Metadata => "metadata",
        Family.Pending => "pending",
        Family.Grains => "grains",
        _ => throw new ArgumentOutOfRangeException(nameof(family), family, "no such family"),
    };

    /// <exception cref="ArgumentOutOfRangeException">It is none of the families.</exception>
    internal static void Check(Family family)
    {
        if (family is <= Family.Unspecified or > Family.Grains)
            throw new ArgumentOutOfRangeException(nameof(family), family, "no such family");
    }
}
