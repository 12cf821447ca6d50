using System.Runtime.InteropServices;
using System.Text;
using Kimura.Durability;
using Kimura.Storage.KeyValue;

namespace Kimura.Storage.RocksDb;

/// <summary>
/// An open database and its column families. Thread-safe except for <see cref="Close"/>, which the owner calls once, when nobody
/// is inside a call and no iterator lives.
/// </summary>
internal sealed unsafe class NativeDatabase
{
    private readonly RocksOptions _options;
    private readonly nint _db;

    // By the number of the family; the default family, which stays empty, has place 0.
    private readonly nint[] _families;

    private NativeDatabase(string directory, RocksOptions options, nint db, nint[] families)
    {
        Directory = directory;
        _options = options;
        _db = db;
        _families = families;
    }

    internal string Directory { get; }

    /// <exception cref="StorageException">Corrupt, Locked or Failed.</exception>
    internal static NativeDatabase Open(string directory)
    {
        try
        {
            WriteSite.Before("database open");
            var database = Open(directory, isReadOnly: false);
            WriteSite.After("database open", canFail: false);
            return database;
        }
        catch (IOException e)
        {
            // In the library's own words: the machine failed, not the bytes.
            throw RocksError.WhileOpening(directory, $"IO error: {e.Message}");
        }
    }

    /// <summary>Opens a directory to read it, and changes nothing of the database in it.</summary>
    /// <exception cref="StorageException">Corrupt or Failed.</exception>
    internal static NativeDatabase OpenReadOnly(string directory)
    {
        RocksLibrary.EnsureLoaded();
        return Open(directory, isReadOnly: true);
    }

    /// <summary>
    /// The value under the key from an offset on, to its end or of a length; null where there is no value or it does not reach so far.
    /// <paramref name="keep"/>: the block cache may keep what was read.
    /// </summary>
    internal byte[]? Get(Family family, ReadOnlySpan<byte> key, int offset = 0, int? length = null, bool keep = true)
    {
        byte* error = null;
        nint slice;
        fixed (byte* bytes = key)
            slice = RocksNative.GetPinned(_db, keep ? _options.Read : _options.Scan, _families[(int)family], bytes, (nuint)key.Length, &error);

        if (RocksError.Take(error) is { } problem)
            throw RocksError.WhileReading(Directory, problem);

        if (slice == 0)
            return null;

        nuint size;
        var start = RocksNative.PinnedValue(slice, &size);
        var value = new ReadOnlySpan<byte>(start, checked((int)size));
        var copy = value.Length - (length ?? 0) < offset ? null : value.Slice(offset, length ?? value.Length - offset).ToArray();
        RocksNative.DestroyPinned(slice);
        return copy;
    }

    /// <summary>A native iterator over the state as of now.</summary>
    internal nint CreateIterator(Family family) => RocksNative.CreateIterator(_db, _options.Scan, _families[(int)family]);

    /// <summary>Compacts all of a family; what goes wrong shows in the next write.</summary>
    internal void Compact(Family family) => RocksNative.CompactRange(_db, _families[(int)family], null, 0, null, 0);

    /// <summary>Adds an operation to a native batch.</summary>
    internal void Append(nint nativeBatch, WriteBatch.Operation operation)
    {
        var family = _families[(int)operation.Family];
        fixed (byte* key = operation.Key, value = operation.Value)
        {
            if (operation.IsDelete)
                RocksNative.BatchDelete(nativeBatch, family, key, (nuint)operation.Key.Length);
            else
                RocksNative.BatchPut(nativeBatch, family, key, (nuint)operation.Key.Length, value, (nuint)operation.Value.Length);
        }
    }

    /// <summary>Writes a native batch, all or nothing; with sync it is on disk, and so is all before it. Null, or the library's error.</summary>
    internal string? Write(nint nativeBatch, bool sync)
    {
        var site = sync ? "database commit, synced" : "database commit";
        return AtSite(site, () =>
        {
            byte* error = null;
            RocksNative.Write(_db, sync ? _options.WriteSynced : _options.Write, nativeBatch, &error);
            return RocksError.Take(error);
        });
    }

    /// <summary>Puts the log on disk. Null, or the library's error.</summary>
    internal string? SyncLog()
    {
        return AtSite("database log sync", () =>
        {
            byte* error = null;
            RocksNative.FlushWal(_db, 1, &error);
            return RocksError.Take(error);
        });
    }

    /// <summary>An openable copy, hard-linked where the file system can. Null, or the library's error.</summary>
    internal string? Checkpoint(string directory) => AtSite("database checkpoint", () => WriteCheckpoint(directory));

    private string? WriteCheckpoint(string directory)
    {
        byte* error = null;
        var checkpoint = RocksNative.CreateCheckpointObject(_db, &error);
        if (RocksError.Take(error) is { } problem)
            return problem;

        fixed (byte* path = Terminated(directory))
            RocksNative.CreateCheckpoint(checkpoint, path, logSizeForFlush: 0, &error);

        RocksNative.DestroyCheckpointObject(checkpoint);
        return RocksError.Take(error);
    }

    /// <summary>Stops the background work and closes.</summary>
    internal void Close()
    {
        WriteSite.Before("database close", canFail: false);
        RocksNative.CancelBackgroundWork(_db, wait: 1);
        foreach (var family in _families)
            RocksNative.DestroyFamily(family);

        RocksNative.Close(_db);
        _options.Dispose();
        WriteSite.After("database close", canFail: false);
    }

    // A failure that is injected is told as the library tells its own.
    private static string? AtSite(string site, Func<string?> write)
    {
        try
        {
            WriteSite.Before(site);
            var problem = write();
            if (problem is null)
                WriteSite.After(site);

            return problem;
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    private static NativeDatabase Open(string directory, bool isReadOnly)
    {
        var options = new RocksOptions();
        try
        {
            return Open(directory, options, isReadOnly);
        }
        catch
        {
            options.Dispose();
            throw;
        }
    }

    private static NativeDatabase Open(string directory, RocksOptions options, bool isReadOnly)
    {
        byte[][] names = [Terminated("default"), .. Families.All.Select(family => Terminated(Families.NameOf(family)))];
        var handles = new nint[names.Length];
        nint[] familyOptions = [options.ForDatabase(), .. Families.All.Select(options.ForFamily)];
        var pinned = names.Select(name => GCHandle.Alloc(name, GCHandleType.Pinned)).ToArray();
        try
        {
            var pointers = stackalloc byte*[names.Length];
            for (var i = 0; i < names.Length; i++)
                pointers[i] = (byte*)pinned[i].AddrOfPinnedObject();

            byte* error = null;
            fixed (byte* path = Terminated(directory))
            fixed (nint* perFamily = familyOptions, opened = handles)
            {
                var db = isReadOnly
                    ? RocksNative.OpenReadOnly(options.ForDatabase(), path, names.Length, pointers, perFamily, opened, 0, &error)
                    : RocksNative.OpenColumnFamilies(options.ForDatabase(), path, names.Length, pointers, perFamily, opened, &error);
                return RocksError.Take(error) is { } problem
                    ? throw RocksError.WhileOpening(directory, problem)
                    : new NativeDatabase(directory, options, db, handles);
            }
        }
        finally
        {
            Array.ForEach(pinned, handle => handle.Free());
        }
    }

    private static byte[] Terminated(string text) => Encoding.UTF8.GetBytes(text + "\0");
}
