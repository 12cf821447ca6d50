using System.Diagnostics.Metrics;
using System.Text;
using Kimura.Gateway.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>What /metrics says, and how it is made of instruments.</summary>
public sealed class MetricsTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    private IMeterFactory Meters => _services.GetRequiredService<IMeterFactory>();

    public void Dispose() => _services.Dispose();

    [Fact]
    public async Task A_nodes_metrics_are_well_formed_and_count_what_was_done()
    {
        await using var node = await RpcNode.StartAsync();
        using var sender = new Sender();
        await node.ResultAsync("submit_messages", $"[[{sender.Params(0, "a")},{sender.Params(1, "b")},{sender.Params(1, "c")},1]]");
        await node.CallAsync("submit_message", sender.Params(7, "d"));
        await node.CallAsync("no_such_method_1");
        await node.CallAsync("no_such_method_2");
        await node.PostAsync("{");
        await node.PostAsync("[1]");
        await node.GetAsync("/block/latest");
        await node.ConfirmedAsync(sender.IdOf(1));
        var reply = await node.GetAsync("/metrics");
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", reply.ContentHeaders.ContentType!.ToString());
        var metrics = PrometheusFormat.Parse(reply.Text);
        Assert.Equal(1, metrics["kimura_gateway_requests_total{method=\"submit_messages\",code=\"ok\"}"]);
        Assert.Equal(1, metrics["kimura_gateway_requests_total{method=\"submit_message\",code=\"-32002\"}"]);
        Assert.Equal(2, metrics["kimura_gateway_requests_total{method=\"unknown\",code=\"-32601\"}"]);
        Assert.Equal(1, metrics["kimura_gateway_requests_total{method=\"unknown\",code=\"-32700\"}"]);
        Assert.Equal(1, metrics["kimura_gateway_requests_total{method=\"unknown\",code=\"-32600\"}"]);
        Assert.Equal(1, metrics["kimura_gateway_requests_total{method=\"GET /block\",code=\"ok\"}"]);
        Assert.Equal(2, metrics["kimura_gateway_submissions_total{code=\"ok\"}"]);
        Assert.Equal(1, metrics["kimura_gateway_submissions_total{code=\"-32602\"}"]);
        Assert.Equal(1, metrics["kimura_gateway_request_duration_seconds_count{method=\"batch\"}"]);
        Assert.Equal(1, metrics["kimura_gateway_requests_in_flight"]);
        Assert.Equal(1, metrics["kimura_node_up"]);
        Assert.Equal(0, metrics["kimura_pool_pending_messages"]);
        Assert.True(metrics["kimura_chain_height"] >= 1);
        Assert.True(metrics["kimura_leader_epoch"] >= 1);
        Assert.Equal(0, metrics["kimura_chain_equivocations_total"]);
        Assert.True(metrics["process_cpu_seconds_total"] > 0);
        Assert.True(metrics["process_resident_memory_bytes"] > 1 << 20);
        Assert.DoesNotContain("no_such_method", reply.Text, StringComparison.Ordinal);
        Assert.Contains(metrics.Keys, name => name.StartsWith("kimura_intake_valid_total", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_kind_of_instrument_is_exported_in_base_units()
    {
        using var registry = Registry();
        var meter = Meters.Create("Kimura.Test");
        meter.CreateCounter<long>("kimura.test.bytes.read", "By", "Bytes \\ read\nso far").Add(5);
        meter.CreateCounter<double>("kimura.test.time", "ms").Add(1500);
        meter.CreateUpDownCounter<int>("kimura.test.open").Add(-3);
        meter.CreateGauge<long>("kimura.test.level", "1").Record(2);
        var label = new KeyValuePair<string, object?>("a.b", "x\"y\\z\n");
        meter.CreateObservableGauge("kimura.test.seen", () => new Measurement<short>(4, label));
        meter.CreateObservableCounter("kimura.test.observed", () => 6L);
        var histogram = meter.CreateHistogram<double>("kimura.test.wait", "s");
        histogram.Record(0.001);
        histogram.Record(0.0011);
        histogram.Record(100);
        var advice = new InstrumentAdvice<int> { HistogramBucketBoundaries = [10, 100] };
        meter.CreateHistogram("kimura.test.sizes", "{message}", "Sizes", tags: null, advice).Record(11);
        for (var scrape = 0; scrape < 2; scrape++)
        {
            var metrics = PrometheusFormat.Parse(Text(registry));
            Assert.Equal(5, metrics["kimura_test_bytes_read_bytes_total"]);
            Assert.Equal(1.5, metrics["kimura_test_time_seconds_total"]);
            Assert.Equal(-3, metrics["kimura_test_open"]);
            Assert.Equal(2, metrics["kimura_test_level_ratio"]);
            Assert.Equal(4, metrics["kimura_test_seen{a_b=\"x\\\"y\\\\z\\n\"}"]);
            Assert.Equal(6, metrics["kimura_test_observed_total"]);
            Assert.Equal(1, metrics["kimura_test_wait_seconds_bucket{le=\"0.001\"}"]);
            Assert.Equal(2, metrics["kimura_test_wait_seconds_bucket{le=\"0.0025\"}"]);
            Assert.Equal(3, metrics["kimura_test_wait_seconds_bucket{le=\"+Inf\"}"]);
            Assert.Equal(100.0021, metrics["kimura_test_wait_seconds_sum"], 9);
            Assert.Equal(0, metrics["kimura_test_sizes_bucket{le=\"10\"}"]);
            Assert.Equal(1, metrics["kimura_test_sizes_bucket{le=\"100\"}"]);
        }

        Assert.Contains("# HELP kimura_test_bytes_read_bytes_total Bytes \\\\ read\\nso far\n", Text(registry), StringComparison.Ordinal);
    }

    [Fact]
    public void Meters_of_others_are_left_alone()
    {
        using var registry = Registry();
        using var others = new ServiceCollection().AddMetrics().BuildServiceProvider();
        others.GetRequiredService<IMeterFactory>().Create("Kimura.Test").CreateCounter<long>("kimura.test.other_host").Add(1);
        Meters.Create("Microsoft.Test").CreateCounter<long>("kimura.test.other_meter").Add(1);
        Assert.DoesNotContain("other", Text(registry), StringComparison.Ordinal);
    }

    [Fact]
    public void Label_sets_are_bounded()
    {
        using var registry = Registry();
        var counter = Meters.Create("Kimura.Test").CreateCounter<long>("kimura.test.many");
        for (var i = 0; i < 10 * MetricFamily.MaxSeries; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("who", i));
        }

        var metrics = PrometheusFormat.Parse(Text(registry));
        Assert.Equal(MetricFamily.MaxSeries, metrics.Count);
        Assert.Equal(1 + (9 * MetricFamily.MaxSeries), metrics["kimura_test_many_total{who=\"other\"}"]);
        Assert.Equal(10 * MetricFamily.MaxSeries, metrics.Values.Sum());
    }

    [Fact]
    public async Task Measurements_of_many_threads_are_all_counted()
    {
        using var registry = Registry();
        var counter = Meters.Create("Kimura.Test").CreateCounter<long>("kimura.test.busy");
        await Parallel.ForAsync(0, 8, (worker, _) =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                counter.Add(1, new KeyValuePair<string, object?>("worker", worker % 2 == 0 ? "even" : "odd"));
            }

            return ValueTask.CompletedTask;
        });
        Assert.Equal([40_000, 40_000], PrometheusFormat.Parse(Text(registry)).Values);
    }

    [Fact]
    public void An_observation_that_throws_spoils_only_itself()
    {
        using var registry = Registry();
        var meter = Meters.Create("Kimura.Test");
        meter.CreateObservableGauge("kimura.test.broken", int () => throw new InvalidOperationException("broken"));
        meter.CreateObservableGauge("kimura.test.whole", () => 1);
        Assert.Equal(["kimura_test_whole"], PrometheusFormat.Parse(Text(registry)).Keys);
    }

    private static string Text(MetricRegistry registry)
    {
        var text = new PrometheusText();
        foreach (var family in registry.Collect())
        {
            text.Write(family);
        }

        return Encoding.UTF8.GetString(text.ToUtf8());
    }

    private MetricRegistry Registry() => new(Meters, NullLogger<MetricRegistry>.Instance);
}
