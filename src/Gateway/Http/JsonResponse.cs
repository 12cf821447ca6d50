using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.ObjectPool;

namespace Kimura.Gateway.Http;

/// <summary>
/// The JSON answer of one request. Small ones leave at once with a Content-Length, large ones are sent on while they are written,
/// so that a result of any size takes little memory.
/// </summary>
internal sealed class JsonResponse(HttpContext context) : IDisposable
{
    private const int FlushAt = 64 << 10;

    private readonly JsonBuffer _buffer = JsonBuffer.Pool.Get();

    public Utf8JsonWriter Writer => _buffer.Writer;

    /// <summary>True if nothing was written so far.</summary>
    public bool IsEmpty => Writer.BytesCommitted + Writer.BytesPending == 0;

    /// <summary>True if a part was sent, so that no other answer can be given.</summary>
    public bool HasStarted => context.Response.HasStarted;

    /// <summary>True if nobody waits for the answer any more.</summary>
    public bool IsAborted => context.RequestAborted.IsCancellationRequested;

    public int StatusCode
    {
        get => context.Response.StatusCode;
        set => context.Response.StatusCode = value;
    }

    public string ContentType { get; set; } = "application/json";

    /// <summary>Sends what is written if it is much; waits for a slow reader.</summary>
    public ValueTask FlushIfLargeAsync() =>
        _buffer.Bytes.WrittenCount + Writer.BytesPending < FlushAt ? ValueTask.CompletedTask : SendAsync();

    /// <summary>Sends the rest.</summary>
    public ValueTask CompleteAsync()
    {
        Writer.Flush();
        if (!context.Response.HasStarted)
        {
            context.Response.ContentLength = _buffer.Bytes.WrittenCount;
        }

        return SendAsync();
    }

    /// <summary>Forgets what was written and not sent.</summary>
    public void Clear()
    {
        Writer.Reset();
        _buffer.Bytes.ResetWrittenCount();
    }

    public void Dispose() => JsonBuffer.Pool.Return(_buffer);

    private async ValueTask SendAsync()
    {
        Writer.Flush();
        if (!context.Response.HasStarted)
        {
            context.Response.ContentType = ContentType;
        }

        if (_buffer.Bytes.WrittenCount > 0)
        {
            await context.Response.BodyWriter.WriteAsync(_buffer.Bytes.WrittenMemory, context.RequestAborted);
            _buffer.Bytes.ResetWrittenCount();
        }
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
