namespace Kimura.Tests.Unit.Storage.Backup;

/// <summary>What disks do to files.</summary>
internal static class Damage
{
    /// <summary>Flips a bit of a byte, counted from the end where negative.</summary>
    public static void Flip(string path, int at)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[at < 0 ? bytes.Length + at : at] ^= 0x10;
        File.WriteAllBytes(path, bytes);
    }
}
