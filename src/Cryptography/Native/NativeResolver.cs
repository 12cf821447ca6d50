using System.Reflection;
using System.Runtime.InteropServices;

namespace Kimura.Cryptography.Native;

/// <summary>Finds the native libraries of this room, which other systems number differently.</summary>
internal static class NativeResolver
{
    /// <summary>By the name that the bindings use.</summary>
    private static readonly Dictionary<string, NativeLibraryNames> Known = new(StringComparer.Ordinal)
    {
        [Libsecp256k1.Library] = new(
            Libsecp256k1.Library,
            "libsecp256k1-1",
            "libsecp256k1.so.1",
            "libsecp256k1.so.2",
            "libsecp256k1.so.0",
            "libsecp256k1.so.5",
            "libsecp256k1.so.6",
            "libsecp256k1.so",
            "libsecp256k1.dylib",
            "/opt/homebrew/lib/libsecp256k1.dylib",
            "/usr/local/lib/libsecp256k1.dylib"),
        [Libsodium.Library] = new(
            Libsodium.Library,
            "libsodium23",
            "libsodium.so.23",
            "libsodium.so.26",
            "libsodium.so",
            "libsodium.dylib",
            "/opt/homebrew/lib/libsodium.dylib",
            "/usr/local/lib/libsodium.dylib"),
    };

    static NativeResolver() => NativeLibrary.SetDllImportResolver(typeof(NativeResolver).Assembly, Resolve);

    /// <summary>Makes sure that the resolver is in place; a binding calls it before its first import.</summary>
    public static void Use()
    {
        // The static constructor does it, once.
    }

    /// <summary>Loads the first name that is there.</summary>
    /// <exception cref="NativeLibraryMissingException">None is.</exception>
    public static nint Load(NativeLibraryNames names)
    {
        foreach (string fileName in names.FileNames)
        {
            if (NativeLibrary.TryLoad(fileName, typeof(NativeResolver).Assembly, DllImportSearchPath.SafeDirectories, out nint handle))
            {
                return handle;
            }
        }

        throw new NativeLibraryMissingException(names.Name, names.DebianPackage);
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        Known.TryGetValue(name, out NativeLibraryNames? names) ? Load(names) : 0;
}
