using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Tracing;

/// <summary>Traces over OTLP, seen by a collector.</summary>
public sealed class TraceTests : IDisposable
{
    // From the call to the leader's disk, into a block and out to the others.
    private static readonly string[] Way = ["gossip publish", "intake", "leader block", "pool admit", "rpc submit", "store block", "store pending"];

    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 180_000)]
    public async Task One_trace_shows_the_whole_way_of_a_message_through_two_nodes()
    {
        await using var collector = await Collector.StartAsync();
        var environment = new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address.ToString(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
        };
        await using var leader = NodeProcess.Launch(Options("leader", "--leader", "--test-mode"), environment);
        await leader.ReadyAsync();
        var address = await leader.Output.FindAsync(line => line.StartsWith('/'), Limits.Start);
        await using var peer = NodeProcess.Launch(Options("peer", "--test-mode", "--leader-address", address!), environment);
        await peer.ReadyAsync();
        using var near = leader.Client();
        using var far = peer.Client();
        await far.HeightAsync(2);

        // The peer listens to gossip some time after it has met the leader: the first messages may miss that stage.
        using var sender = new Sender();
        var sent = new List<string>();
        var (id, seen) = await Eventually.ValueAsync<Tuple<string, List<Span>>>(
            async () =>
            {
                var message = sender.Sign("traced");
                await near.SubmitAsync(message);
                sent.Add(message.Id.ToString());
                return sent.Select(one => Tuple.Create(one, SpansOf(collector, one))).FirstOrDefault(one => IsWhole(one.Item2));
            },
            "a whole trace",
            TimeSpan.FromSeconds(60));

        // The trace is the message's own: whoever knows the id finds it.
        var root = id[32..48];
        Assert.All(seen, span => Assert.Equal(root, span.ParentId));
        Assert.Equal(Way, seen.Select(span => span.Name).Distinct().Order(StringComparer.Ordinal));
    }

    // The block is stored twice, here and there.
    private static bool IsWhole(List<Span> spans) =>
        Way.All(stage => spans.Exists(span => span.Name == stage)) && spans.Count(span => span.Name == "store block") == 2;

    private static List<Span> SpansOf(Collector collector, string messageId) =>
        [.. collector.Spans.Where(span => span.TraceId == messageId[..32])];

    private string[] Options(string name, params string[] more) =>
        ["--db-path", _folder.PathOf(name), "--rpc-port", "0", "--listen-addr", "/ip4/127.0.0.1/tcp/0", .. more];
}
