using System.Buffers.Binary;
using System.Text;

namespace Kimura.Tests.Integration.PowerCuts;

/// <summary>
/// A directory as a disk has it that forgets what was not synced: loaded at the start of a process, brought up to the process's end from the journal of
/// <c>powercut.c</c>, and written back as a power cut at that moment may leave it.
/// </summary>
internal sealed class PowerCutDisk
{
    private const int HeadSize = 24;
    private const ulong Created = 1;
    private const ulong Truncated = 2;

    private readonly string _directory;
    private readonly DiskFolder _root;
    private readonly Dictionary<ulong, object> _open = [];
    private readonly Dictionary<ulong, int> _syncs = [];

    private PowerCutDisk(string directory, DiskFolder root)
    {
        _directory = directory;
        _root = root;
    }

    private enum Kind
    {
        Unspecified = 0,
        OpenFile,
        OpenDirectory,
        Write,
        Resize,
        SyncBegin,
        SyncEnd,
        Rename,
        Link,
        Unlink,
        MakeDirectory,
        RemoveDirectory,
    }

    /// <summary>Entries of the journal that were replayed.</summary>
    public int Entries { get; private set; }

    /// <summary>A directory all of which is on disk.</summary>
    public static PowerCutDisk Load(string directory) => new(directory, LoadFolder(directory));

    /// <summary>Brings the disk to where the journal ends; a last entry that was cut off never happened.</summary>
    public void Replay(string journal)
    {
        var bytes = File.ReadAllBytes(journal).AsSpan();
        while (bytes.Length >= HeadSize && BinaryPrimitives.ReadInt32LittleEndian(bytes) is var size && bytes.Length >= HeadSize + size)
        {
            var kind = (Kind)BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
            Replay(
                kind, BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]), BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]), bytes.Slice(HeadSize, size));
            Entries++;
            bytes = bytes[(HeadSize + size)..];
        }
    }

    /// <summary>Writes the directory anew, as one draw of what a power cut may leave.</summary>
    public void CutPower(Random random) => Rewrite(folder => folder.Draw(random), file => file.Draw(random));

    /// <summary>Writes the directory anew, with nothing but what was synced.</summary>
    public void ForgetAll() => Rewrite(folder => folder.Durable, file => file.Durable);

    /// <summary>All files by path, as a running system shows them.</summary>
    public Dictionary<string, byte[]> LiveFiles()
    {
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        Collect(_root, "");
        return files;

        void Collect(DiskFolder folder, string path)
        {
            foreach (var (name, node) in folder.Live)
            {
                if (node is DiskFolder below)
                {
                    Collect(below, $"{path}{name}/");
                }
                else
                {
                    files.Add(path + name, ((DiskFile)node).Live());
                }
            }
        }
    }

    private static DiskFolder LoadFolder(string path)
    {
        var folder = new DiskFolder();
        foreach (var below in Directory.EnumerateDirectories(path))
        {
            folder.Put(0, Path.GetFileName(below), LoadFolder(below));
        }

        // A socket that a killed node has left is none.
        foreach (var file in Directory.EnumerateFiles(path).Where(file => Path.GetExtension(file) != ".sock"))
        {
            folder.Put(0, Path.GetFileName(file), new DiskFile(File.ReadAllBytes(file)));
        }

        folder.Sync(1);
        return folder;
    }

    private void Replay(Kind kind, ulong id, ulong offset, ReadOnlySpan<byte> data)
    {
        // Entry 0 is what the disk was loaded with.
        var at = Entries + 1;
        switch (kind)
        {
            case Kind.OpenFile or Kind.OpenDirectory:
                _open[id] = Open(at, Encoding.UTF8.GetString(data), offset);
                break;
            case Kind.Write:
                ((DiskFile)_open[id]).Write(at, (long)offset, data.ToArray());
                break;
            case Kind.Resize:
                ((DiskFile)_open[id]).Resize(at, (long)offset);
                break;
            case Kind.SyncBegin:
                _syncs[offset] = at;
                break;
            case Kind.SyncEnd when _open[id] is DiskFile file:
                file.Sync(_syncs[offset]);
                break;
            case Kind.SyncEnd:
                ((DiskFolder)_open[id]).Sync(_syncs[offset]);
                break;
            default:
                ChangeNames(kind, at, Encoding.UTF8.GetString(data).Split('\0'));
                break;
        }
    }

    private object Open(int at, string path, ulong how)
    {
        var (folder, name) = Find(path);
        if ((how & Created) != 0)
        {
            folder.Put(at, name, new DiskFile([]));
        }

        var node = path.Length == 0 ? _root : folder.Live[name];
        if ((how & Truncated) != 0)
        {
            ((DiskFile)node).Resize(at, 0);
        }

        return node;
    }

    private void ChangeNames(Kind kind, int at, string[] paths)
    {
        var (folder, name) = Find(paths[0]);
        switch (kind)
        {
            case Kind.Rename when Find(paths[1]) is var (target, to) && target == folder:
                folder.Rename(at, name, to);
                break;
            case Kind.Link:
                var (linked, second) = Find(paths[1]);
                linked.Put(at, second, folder.Live[name]);
                break;
            case Kind.Unlink or Kind.RemoveDirectory:
                folder.Remove(at, name);
                break;
            case Kind.MakeDirectory:
                folder.Put(at, name, new DiskFolder());
                break;
            default:
                throw new NotSupportedException($"{kind} {string.Join(' ', paths)}");
        }
    }

    private (DiskFolder Folder, string Name) Find(string path)
    {
        var parts = path.Split('/');
        return (parts[..^1].Aggregate(_root, (folder, part) => (DiskFolder)folder.Live[part]), parts[^1]);
    }

    private void Rewrite(Func<DiskFolder, Dictionary<string, object>> entriesOf, Func<DiskFile, byte[]> bytesOf)
    {
        foreach (var folder in Directory.EnumerateDirectories(_directory))
        {
            Directory.Delete(folder, recursive: true);
        }

        foreach (var file in Directory.EnumerateFiles(_directory))
        {
            File.Delete(file);
        }

        WriteFolder(_root, _directory);

        void WriteFolder(DiskFolder folder, string path)
        {
            foreach (var (name, node) in entriesOf(folder))
            {
                var below = Path.Combine(path, name);
                if (node is DiskFolder inner)
                {
                    WriteFolder(inner, Directory.CreateDirectory(below, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName);
                }
                else
                {
                    var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
                    using var file = new FileStream(below, options);
                    file.Write(bytesOf((DiskFile)node));
                }
            }
        }
    }
}
