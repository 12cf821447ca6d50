namespace Kimura.Cryptography;

/// <summary>Key files of protocol section 1: 64 hex digits and a newline, mode 0600, refused when others can read them.</summary>
public static class KeyFile
{
    /// <summary>Reads a key.</summary>
    /// <exception cref="KeyFileException">Absent, readable by others, or not a key: the message is one line that names the path and what to do.</exception>
    public static PrivateKey Load(string path) => throw new NotImplementedException();

    /// <summary>Writes a new key file with mode 0600 from the start, synced (file and directory); never overwrites.</summary>
    /// <exception cref="KeyFileException">The file exists or cannot be written.</exception>
    public static void Create(string path, PrivateKey key) => throw new NotImplementedException();
}
