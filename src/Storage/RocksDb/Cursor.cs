using Kimura.Storage.KeyValue;

namespace Kimura.Storage.RocksDb;

/// <summary>
/// One iteration over a family as of the moment the cursor was made. Can be enumerated once. Every step is taken under the store's
/// use count, so closing the store never frees it under a step; a step after that throws.
/// </summary>
internal sealed unsafe class Cursor : IAsyncEnumerable<KeyValuePair<byte[], byte[]>>, IAsyncEnumerator<KeyValuePair<byte[], byte[]>>
{
    private readonly Lock _gate = new();
    private readonly RocksDbStore _store;
    private readonly byte[] _prefix;
    private readonly byte[] _start;
    private nint _iterator;
    private bool _enumerated;
    private bool _moved;
    private CancellationToken _cancellation;

    internal Cursor(RocksDbStore store, NativeDatabase database, Family family, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> from)
    {
        _store = store;
        _prefix = prefix.ToArray();
        _start = from.SequenceCompareTo(prefix) > 0 ? from.ToArray() : _prefix;
        _iterator = database.CreateIterator(family);
    }

    /// <inheritdoc />
    public KeyValuePair<byte[], byte[]> Current { get; private set; }

    /// <inheritdoc />
    public IAsyncEnumerator<KeyValuePair<byte[], byte[]>> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        if (_enumerated)
            throw new InvalidOperationException("an iteration shows one moment and can be enumerated once: ask the store again");

        _enumerated = true;
        _cancellation = cancellationToken;
        return this;
    }

    /// <inheritdoc />
    public ValueTask<bool> MoveNextAsync()
    {
        _cancellation.ThrowIfCancellationRequested();
        lock (_gate)
        {
            _store.Enter();
            try
            {
                return ValueTask.FromResult(_iterator != 0 && Step());
            }
            finally
            {
                _store.Exit();
            }
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        // Where the store is closing, it frees the iterator itself.
        if (_store.TryEnter())
        {
            Release();
            _store.Forget(this);
            _store.Exit();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Frees the native iterator. The caller is inside the use count, or is the one that closes.</summary>
    internal void Release()
    {
        lock (_gate)
        {
            if (_iterator != 0)
                RocksNative.DestroyIterator(_iterator);

            _iterator = 0;
        }
    }

    private bool Step()
    {
        if (_moved)
            RocksNative.IteratorNext(_iterator);
        else
            Seek();

        _moved = true;
        if (RocksNative.IteratorIsValid(_iterator) == 0)
        {
            byte* error = null;
            RocksNative.IteratorError(_iterator, &error);
            return RocksError.Take(error) is { } problem ? throw RocksError.WhileReading(_store.Directory, problem) : End();
        }

        nuint length;
        var key = RocksNative.IteratorKey(_iterator, &length);
        var keySpan = new ReadOnlySpan<byte>(key, checked((int)length));
        if (!keySpan.StartsWith(_prefix))
            return End();

        var value = RocksNative.IteratorValue(_iterator, &length);
        Current = new(keySpan.ToArray(), new ReadOnlySpan<byte>(value, checked((int)length)).ToArray());
        return true;
    }

    private void Seek()
    {
        fixed (byte* start = _start)
            RocksNative.IteratorSeek(_iterator, start, (nuint)_start.Length);
    }

    // What is read to its end lets go of the moment it pinned at once.
    private bool End()
    {
        Release();
        Current = default;
        return false;
    }
}
