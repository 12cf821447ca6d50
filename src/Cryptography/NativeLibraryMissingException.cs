namespace Kimura.Cryptography;

/// <summary>A native library is not on this machine; the message is one line that says what to install.</summary>
public sealed class NativeLibraryMissingException(string library, string debianPackage, Exception? inner = null)
    : Exception(
        $"{library} is not installed: run 'apt-get install {debianPackage}' (Debian, Ubuntu), " +
        $"or install {library} with your system's package manager.",
        inner);
