using System.Diagnostics;

namespace Kimura.Chain.Messages;

/// <summary>
/// One stage of the way of some messages, as a span (OpenTelemetry) of each message's own trace. The trace's id is the first half of the
/// message id, so that whatever stage, grain or node a message comes to writes to one trace, and none has to hand it on. Costs nothing
/// while nobody listens.
/// </summary>
public readonly struct MessageTrace : IDisposable
{
    // Beyond it nobody would look at one by one.
    private const int MaxSpans = 4096;
    private const int TraceSize = 16;
    private const int SpanSize = 8;

    private readonly List<Activity>? _spans;
    private readonly Activity? _outer;

    private MessageTrace(List<Activity> spans, Activity? outer) => (_spans, _outer) = (spans, outer);

    /// <summary>Begins a stage for these messages; it ends when this is disposed. They are enumerated only if somebody listens.</summary>
    public static MessageTrace Begin(ActivitySource source, string stage, IEnumerable<MessageId> messages)
    {
        if (!source.HasListeners())
        {
            return default;
        }

        var outer = Activity.Current;
        var spans = new List<Activity>();
        foreach (var id in messages.Take(MaxSpans))
        {
            if (source.StartActivity(stage, ActivityKind.Internal, ContextOf(id)) is { } span)
            {
                spans.Add(span.SetTag("kimura.message_id", id.ToString()));
            }
        }

        Activity.Current = outer;
        return new MessageTrace(spans, outer);
    }

    /// <summary>The trace of a message, and the span that stands for the message itself: both are parts of its id.</summary>
    public static ActivityContext ContextOf(MessageId id)
    {
        var bytes = id.Value.ToArray();
        return new ActivityContext(
            ActivityTraceId.CreateFromBytes(bytes.AsSpan(0, TraceSize)),
            ActivitySpanId.CreateFromBytes(bytes.AsSpan(TraceSize, SpanSize)),
            ActivityTraceFlags.Recorded,
            isRemote: true);
    }

    /// <summary>Ends the stage.</summary>
    public void Dispose()
    {
        if (_spans is null)
        {
            return;
        }

        foreach (var span in _spans)
        {
            span.Stop();
        }

        Activity.Current = _outer;
    }
}
