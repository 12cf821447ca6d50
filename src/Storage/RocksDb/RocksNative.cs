using System.Runtime.InteropServices;

namespace Kimura.Storage.RocksDb;

/// <summary>
/// RocksDB's C API (<c>rocksdb/c.h</c>), the part in use. Blittable throughout: handles are <c>nint</c>, sizes <c>nuint</c>, booleans
/// bytes. An <c>error</c> that comes back set was allocated by the library and is turned into an exception by <see cref="RocksError"/>.
/// </summary>
internal static unsafe partial class RocksNative
{
    internal const string Library = "rocksdb";

    [LibraryImport(Library, EntryPoint = "rocksdb_open_column_families")]
    internal static partial nint OpenColumnFamilies(
        nint options, byte* directory, int count, byte** names, nint* familyOptions, nint* handles, byte** error);

    [LibraryImport(Library, EntryPoint = "rocksdb_open_for_read_only_column_families")]
    internal static partial nint OpenReadOnly(
        nint options, byte* directory, int count, byte** names, nint* familyOptions, nint* handles, byte failIfLogExists, byte** error);

    [LibraryImport(Library, EntryPoint = "rocksdb_column_family_handle_destroy")]
    internal static partial void DestroyFamily(nint family);

    [LibraryImport(Library, EntryPoint = "rocksdb_close")]
    internal static partial void Close(nint db);

    [LibraryImport(Library, EntryPoint = "rocksdb_cancel_all_background_work")]
    internal static partial void CancelBackgroundWork(nint db, byte wait);

    [LibraryImport(Library, EntryPoint = "rocksdb_compact_range_cf")]
    internal static partial void CompactRange(nint db, nint family, byte* start, nuint startLength, byte* end, nuint endLength);

    [LibraryImport(Library, EntryPoint = "rocksdb_free")]
    internal static partial void Free(void* memory);

    [LibraryImport(Library, EntryPoint = "rocksdb_flush_wal")]
    internal static partial void FlushWal(nint db, byte sync, byte** error);

    [LibraryImport(Library, EntryPoint = "rocksdb_get_pinned_cf")]
    internal static partial nint GetPinned(nint db, nint readOptions, nint family, byte* key, nuint keyLength, byte** error);

    [LibraryImport(Library, EntryPoint = "rocksdb_pinnableslice_value")]
    internal static partial byte* PinnedValue(nint slice, nuint* length);

    [LibraryImport(Library, EntryPoint = "rocksdb_pinnableslice_destroy")]
    internal static partial void DestroyPinned(nint slice);

    [LibraryImport(Library, EntryPoint = "rocksdb_writebatch_create")]
    internal static partial nint CreateBatch();

    [LibraryImport(Library, EntryPoint = "rocksdb_writebatch_destroy")]
    internal static partial void DestroyBatch(nint batch);

    [LibraryImport(Library, EntryPoint = "rocksdb_writebatch_clear")]
    internal static partial void ClearBatch(nint batch);

    [LibraryImport(Library, EntryPoint = "rocksdb_writebatch_put_cf")]
    internal static partial void BatchPut(nint batch, nint family, byte* key, nuint keyLength, byte* value, nuint valueLength);

    [LibraryImport(Library, EntryPoint = "rocksdb_writebatch_delete_cf")]
    internal static partial void BatchDelete(nint batch, nint family, byte* key, nuint keyLength);

    [LibraryImport(Library, EntryPoint = "rocksdb_write")]
    internal static partial void Write(nint db, nint writeOptions, nint batch, byte** error);

    [LibraryImport(Library, EntryPoint = "rocksdb_create_iterator_cf")]
    internal static partial nint CreateIterator(nint db, nint readOptions, nint family);

    [LibraryImport(Library, EntryPoint = "rocksdb_iter_destroy")]
    internal static partial void DestroyIterator(nint iterator);

    [LibraryImport(Library, EntryPoint = "rocksdb_iter_seek")]
    internal static partial void IteratorSeek(nint iterator, byte* key, nuint keyLength);

    [LibraryImport(Library, EntryPoint = "rocksdb_iter_valid")]
    internal static partial byte IteratorIsValid(nint iterator);

    [LibraryImport(Library, EntryPoint = "rocksdb_iter_next")]
    internal static partial void IteratorNext(nint iterator);

    [LibraryImport(Library, EntryPoint = "rocksdb_iter_key")]
    internal static partial byte* IteratorKey(nint iterator, nuint* length);

    [LibraryImport(Library, EntryPoint = "rocksdb_iter_value")]
    internal static partial byte* IteratorValue(nint iterator, nuint* length);

    [LibraryImport(Library, EntryPoint = "rocksdb_iter_get_error")]
    internal static partial void IteratorError(nint iterator, byte** error);

    [LibraryImport(Library, EntryPoint = "rocksdb_checkpoint_object_create")]
    internal static partial nint CreateCheckpointObject(nint db, byte** error);

    [LibraryImport(Library, EntryPoint = "rocksdb_checkpoint_create")]
    internal static partial void CreateCheckpoint(nint checkpoint, byte* directory, ulong logSizeForFlush, byte** error);

    [LibraryImport(Library, EntryPoint = "rocksdb_checkpoint_object_destroy")]
    internal static partial void DestroyCheckpointObject(nint checkpoint);
}
