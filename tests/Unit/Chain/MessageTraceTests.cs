using System.Diagnostics;
using Kimura.Chain;
using Kimura.Chain.Messages;
using Xunit;

namespace Kimura.Tests.Unit.Chain;

public sealed class MessageTraceTests : IDisposable
{
    private readonly ActivitySource _source = new("Kimura.Tests.MessageTrace");
    private readonly MessageId _id = new(new Hash32(Enumerable.Range(1, 32).Select(i => (byte)i).ToArray()));

    public void Dispose() => _source.Dispose();

    [Fact]
    public void A_stage_is_a_span_in_the_trace_that_the_id_names()
    {
        var ended = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => ReferenceEquals(source, _source),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Add,
        };
        ActivitySource.AddActivityListener(listener);
        using var outer = new Activity("outer").Start();
        using (MessageTrace.Begin(_source, "stage", [_id, _id]))
        {
            Assert.Same(outer, Activity.Current);
            Assert.Empty(ended);
        }

        Assert.Same(outer, Activity.Current);
        Assert.Equal(2, ended.Count);
        Assert.All(ended, span =>
        {
            Assert.Equal("stage", span.OperationName);
            Assert.Equal(_id.ToString()[..32], span.TraceId.ToString());
            Assert.Equal(_id.ToString()[32..48], span.ParentSpanId.ToString());
            Assert.Equal(_id.ToString(), span.GetTagItem("kimura.message_id"));
        });
    }

    [Fact]
    public void Nobody_listening_costs_no_look_at_the_messages()
    {
        static IEnumerable<MessageId> Never() => throw new InvalidOperationException("looked at");
        using var trace = MessageTrace.Begin(_source, "stage", Enumerable.Range(0, 1).SelectMany(_ => Never()));
        Assert.Equal(default, trace);
    }
}
