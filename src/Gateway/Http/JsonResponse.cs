using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.ObjectPool;

namespace Kimura.Gateway.Http;

/// <summary>
/// A JSON answer. Small ones leave at once and in one piece, large ones are sent on while they are written, so that a result of any
/// size takes little memory.
/// </summary>
internal abstract class JsonResponse : IDisposable
{
    private const int FlushAt = 64 << 10;

    private readonly JsonBuffer _buffer = JsonBuffer.Pool.Get();

    public Utf8JsonWriter Writer => _buffer.Writer;

    /// <summary>True if nothing was written so far.</summary>
    public bool IsEmpty => Writer.BytesCommitted + Writer.BytesPending == 0;

    /// <summary>True if a part was sent, so that no other answer can be given.</summary>
    public abstract bool HasStarted { get; }

    /// <summary>True if nobody waits for the answer any more.</summary>
    public abstract bool IsAborted { get; }

    /// <summary>What is written and not sent.</summary>
    protected ReadOnlyMemory<byte> Written => _buffer.Bytes.WrittenMemory;

    /// <summary>Sends what is written if it is much; waits for a slow reader.</summary>
    public ValueTask FlushIfLargeAsync() =>
        _buffer.Bytes.WrittenCount + Writer.BytesPending < FlushAt ? ValueTask.CompletedTask : SendAsync(isLast: false);

    /// <summary>Sends the rest.</summary>
    public ValueTask CompleteAsync() => SendAsync(isLast: true);

    /// <summary>Forgets what was written and not sent.</summary>
    public void Clear()
    {
        Writer.Reset();
        _buffer.Bytes.ResetWrittenCount();
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing) => JsonBuffer.Pool.Return(_buffer);

    /// <summary>Sends a part, which may be empty if it is the last.</summary>
    protected abstract ValueTask SendAsync(ReadOnlyMemory<byte> part, bool isLast);

    private async ValueTask SendAsync(bool isLast)
    {
        Writer.Flush();
        await SendAsync(Written, isLast);
        _buffer.Bytes.ResetWrittenCount();
    }
}

/// <summary>A writer and its buffer, used again and again.</summary>
internal sealed class JsonBuffer : IResettable
{
    /// <summary>Idle buffers of all requests.</summary>
    public static readonly ObjectPool<JsonBuffer> Pool = new DefaultObjectPool<JsonBuffer>(new DefaultPooledObjectPolicy<JsonBuffer>(), 64);

    private const int KeptSize = 256 << 10;

    // The answers are application/json and never sniffed: escaping beyond what JSON asks for would only make them larger.
    // Their shape is held by tests that parse every kind of answer, so the writer need not check it again.
    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    public JsonBuffer()
    {
        Bytes = new ArrayBufferWriter<byte>(4 << 10);
        Writer = new Utf8JsonWriter(Bytes, Options);
    }

    public ArrayBufferWriter<byte> Bytes { get; }

    public Utf8JsonWriter Writer { get; }

    /// <summary>False if the buffer grew too large to be kept.</summary>
    public bool TryReset()
    {
        Writer.Reset();
        Bytes.ResetWrittenCount();
        return Bytes.Capacity <= KeptSize;
    }
}
