using System.Reflection;
using System.Runtime.InteropServices;

namespace Kimura.Storage.RocksDb;

/// <summary>Finds librocksdb under the names that systems give it.</summary>
internal static class RocksLibrary
{
    // Debian 12, then newer sonames down to the development link; c.h has kept the functions in use since 6.x.
    private static readonly string[] Names =
    [
        "librocksdb.so.7.8",
        .. Numbered(7, 10), .. Numbered(8, 11), .. Numbered(9, 11), .. Numbered(10, 12),
        "librocksdb.so.7", "librocksdb.so.8", "librocksdb.so.9", "librocksdb.so.10", "librocksdb.so", "librocksdb.dylib",
    ];

    private static readonly Lazy<nint> Handle = new(Find);

    static RocksLibrary() => NativeLibrary.SetDllImportResolver(typeof(RocksLibrary).Assembly, Resolve);

    /// <summary>Loads the library, or says what to install.</summary>
    /// <exception cref="StorageException">Failed: the library is not on this machine.</exception>
    internal static void EnsureLoaded()
    {
        if (Handle.Value == 0)
        {
            throw new StorageException(
                StorageFault.Failed,
                "librocksdb is not installed: run 'apt-get install librocksdb7.8' (Debian, Ubuntu), or install RocksDB with your system's package manager.");
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) => name == RocksNative.Library ? Handle.Value : 0;

    private static nint Find()
    {
        foreach (var name in Names)
        {
            if (NativeLibrary.TryLoad(name, out var handle))
                return handle;
        }

        return 0;
    }

    private static IEnumerable<string> Numbered(int major, int newestMinor) =>
        Enumerable.Range(0, newestMinor + 1).Reverse().Select(minor => $"librocksdb.so.{major}.{minor}");
}
