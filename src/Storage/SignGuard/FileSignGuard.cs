using Kimura.Durability;
using Microsoft.Win32.SafeHandles;

namespace Kimura.Storage.SignGuard;

/// <summary>
/// The sign guard in a small file, two checksummed slots written in turn (see <see cref="GuardSlot"/> for the bytes), so that a write
/// that is cut off leaves the one before. The file is held for this process alone: two nodes never sign with one key on one guard.
/// </summary>
public sealed class FileSignGuard : ISignGuard
{
    // Never disposed: nobody asks for its wait handle, and a record may still be under way. Held on no caller's scheduler: one that ends, such as
    // that of a grain whose silo dies, would never let go of it.
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly string _path;
    private readonly SafeFileHandle _file;
    private volatile GuardSlot _newest;
    private volatile bool _failed;

    private FileSignGuard(string path, SafeFileHandle file, GuardSlot newest)
    {
        _path = path;
        _file = file;
        _newest = newest;
    }

    /// <summary>For tests: called before each write, may throw what a disk would.</summary>
    internal Action? BeforeWrite { get; set; }

    /// <inheritdoc />
    public SignedBlock? Last => _newest.Block;

    /// <summary>Opens or creates the file (mode 0600).</summary>
    /// <exception cref="StorageException">
    /// Both slots are damaged (Corrupt), another process has it open (Locked), or it cannot be read or written (Failed).
    /// </exception>
    public static FileSignGuard Open(string path)
    {
        path = Path.GetFullPath(path);
        SafeFileHandle? file = null;
        try
        {
            if (!File.Exists(path))
                Create(path);

            // FileShare.None is flock(LOCK_EX | LOCK_NB) here.
            file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return new FileSignGuard(path, file, Read(path, file));
        }
        catch (Exception e)
        {
            file?.Dispose();
            if (e is not (IOException or UnauthorizedAccessException))
                throw;

            throw FileHolding.IsHeld(e)
                ? new StorageException(StorageFault.Locked, $"the sign guard {path} is in use by another process: two nodes must not sign with one key", e)
                : new StorageException(StorageFault.Failed, $"the sign guard {path} cannot be opened: {e.Message}", e);
        }
    }

    /// <inheritdoc />
    /// <exception cref="InvalidOperationException">The height is not above the last one's and the block is not that one.</exception>
    /// <exception cref="StorageException">It could not be put on disk (Failed); the guard takes nothing more.</exception>
    public async ValueTask RecordAsync(SignedBlock block)
    {
        var copy = Copy(block);
        await _turn.WaitAsync().ConfigureAwait(false);
        try
        {
            if (Last is { } last && copy.Height <= last.Height)
            {
                if (copy.Height == last.Height && copy.Hash.Span.SequenceEqual(last.Hash.Span))
                    return;

                throw new InvalidOperationException(
                    $"height {copy.Height} ({Convert.ToHexStringLower(copy.Hash.Span)}) is signed after height {last.Height} ({Convert.ToHexStringLower(last.Hash.Span)})");
            }

            await WriteAsync(copy).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc />
    /// <exception cref="StorageException">It could not be put on disk (Failed); the guard takes nothing more.</exception>
    public async ValueTask AcceptLossAsync(SignedBlock? block)
    {
        var copy = block is null ? default(SignedBlock?) : Copy(block.Value);
        await _turn.WaitAsync().ConfigureAwait(false);
        try
        {
            await WriteAsync(copy).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Closes the file; a record under way ends first.</summary>
    public void Dispose()
    {
        _turn.Wait();
        _file.Dispose();
        _turn.Release();
    }

    private static SignedBlock Copy(SignedBlock block) => block.Hash.Length == GuardSlot.HashSize
        ? new SignedBlock(block.Height, block.Hash.ToArray())
        : throw new ArgumentException($"a block hash has {GuardSlot.HashSize} bytes, not {block.Hash.Length}", nameof(block));

    private static void Create(string path)
    {
        DirectorySync.CreateSynced(Path.GetDirectoryName(path)!);
        var bytes = new byte[GuardSlot.FileSize];
        for (var sequence = 0UL; sequence < 2; sequence++)
        {
            var slot = new GuardSlot(sequence, null);
            slot.Encode().CopyTo(bytes.AsSpan((int)slot.Offset));
        }

        DurableFile.Create(path, bytes, overwrite: false);
    }

    private static GuardSlot Read(string path, SafeFileHandle file)
    {
        var bytes = new byte[GuardSlot.FileSize];
        var length = RandomAccess.GetLength(file);
        if (length != GuardSlot.FileSize || RandomAccess.Read(file, bytes, 0) != bytes.Length)
            throw Damaged(path, $"it has {length} bytes and not {GuardSlot.FileSize}");

        var first = GuardSlot.Decode(bytes, 0);
        var second = GuardSlot.Decode(bytes, 1);
        var newest = first is null || second?.Sequence > first.Sequence ? second : first;
        return newest ?? throw Damaged(path, "both its slots fail their checksums");
    }

    private static StorageException Damaged(string path, string what) => new(
        StorageFault.Corrupt,
        $"the sign guard {path} is damaged: {what}; if you are sure that the database has lost no block signed with this key, move the file away and start again");

    private async Task WriteAsync(SignedBlock? block)
    {
        ObjectDisposedException.ThrowIf(_file.IsClosed, this);
        if (_failed)
            throw new StorageException(StorageFault.Failed, $"the sign guard {_path} has failed before and takes nothing more");

        var slot = new GuardSlot(_newest.Sequence + 1, block);
        try
        {
            // The sync takes its time: not on the caller's scheduler.
            await Task.Run(() =>
            {
                BeforeWrite?.Invoke();
                WriteSite.Before("sign guard write");
                RandomAccess.Write(_file, slot.Encode(), slot.Offset);
                WriteSite.After("sign guard write");
                WriteSite.Before("sign guard sync");
                RandomAccess.FlushToDisk(_file);
                WriteSite.After("sign guard sync");
            }).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What a failed sync left on disk is unknown, so there is no second try.
            _failed = true;
            throw new StorageException(StorageFault.Failed, $"the sign guard {_path} cannot be written: {e.Message}", e);
        }

        _newest = slot;
    }
}
