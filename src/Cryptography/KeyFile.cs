using System.Buffers;
using System.Security.Cryptography;
using Kimura.Durability;
using Microsoft.Win32.SafeHandles;

namespace Kimura.Cryptography;

/// <summary>Key files of protocol section 1: 64 hex digits and a newline, mode 0600, refused when others can read them.</summary>
public static class KeyFile
{
    private const int HexDigits = 2 * Secp256k1.PrivateKeySize;

    /// <summary>A prefix, the digits, a newline, and one byte more to see that nothing follows.</summary>
    private const int MaxLength = 2 + HexDigits + 1 + 1;

    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute |
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Reads a key. Upper-case digits, a <c>0x</c> prefix and a missing final newline are accepted.</summary>
    /// <exception cref="KeyFileException">
    /// Absent, readable by others, or not a key: the message is one line that names the path and what to do.
    /// </exception>
    public static PrivateKey Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Span<byte> text = stackalloc byte[MaxLength];
        Span<byte> secret = stackalloc byte[Secp256k1.PrivateKeySize];
        try
        {
            int length = Read(path, text);
            if (!Decode(text[..length], secret))
            {
                throw new KeyFileException($"key file '{path}' is malformed: it must hold {HexDigits} hex digits and a newline");
            }

            return PrivateKey.TryCreate(secret)
                ?? throw new KeyFileException($"key file '{path}' holds no secp256k1 private key: zero, or not below the group order");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>Writes a new key file with mode 0600 from the start, synced (file and directory); never overwrites.</summary>
    /// <exception cref="KeyFileException">The file exists or cannot be written.</exception>
    public static void Create(string path, PrivateKey key)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(key);
        Span<byte> secret = stackalloc byte[Secp256k1.PrivateKeySize];
        Span<byte> text = stackalloc byte[HexDigits + 1];
        try
        {
            key.CopySecret(secret);
            Convert.TryToHexStringLower(secret, text, out _);
            text[HexDigits] = (byte)'\n';
            Write(path, text);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
            CryptographicOperations.ZeroMemory(text);
        }
    }

    private static int Read(string path, Span<byte> text)
    {
        if (OperatingSystem.IsWindows())
        {
            throw NoPermissions(path);
        }

        try
        {
            using SafeFileHandle file = File.OpenHandle(path);

            // Of the open file, so that it cannot be another one than is read.
            UnixFileMode mode = File.GetUnixFileMode(file);
            if ((mode & Others) != UnixFileMode.None)
            {
                string octal = Convert.ToString((int)mode, 8).PadLeft(4, '0');
                throw new KeyFileException($"key file '{path}' is open to others (mode {octal}): run 'chmod 600 {path}'");
            }

            int length = 0;
            int read;
            do
            {
                read = RandomAccess.Read(file, text[length..], length);
                length += read;
            }
            while (read > 0 && length < text.Length);
            return length;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new KeyFileException($"key file '{path}' does not exist", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KeyFileException($"key file '{path}' cannot be read: {e.Message}", e);
        }
    }

    private static bool Decode(ReadOnlySpan<byte> text, Span<byte> secret)
    {
        if (text.EndsWith("\n"u8))
        {
            text = text[..^1];
        }

        if (text.StartsWith("0x"u8) || text.StartsWith("0X"u8))
        {
            text = text[2..];
        }

        return text.Length == HexDigits && Convert.FromHexString(text, secret, out _, out _) == OperationStatus.Done;
    }

    private static void Write(string path, ReadOnlySpan<byte> text)
    {
        if (OperatingSystem.IsWindows())
        {
            throw NoPermissions(path);
        }

        if (Path.Exists(path))
        {
            throw new KeyFileException($"key file '{path}' exists already and is not overwritten");
        }

        try
        {
            DurableFile.Create(path, text, overwrite: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KeyFileException($"key file '{path}' cannot be written: {e.Message}", e);
        }
    }

    private static KeyFileException NoPermissions(string path) => new($"key file '{path}' needs a system with Unix file permissions");
}
