using Kimura.Gateway.Methods;
using Kimura.Interfaces;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Kimura.Gateway.Metrics;

/// <summary><c>/metrics</c>: what the meters measured, how the node is at this moment, and the basics of the process.</summary>
internal sealed partial class MetricsEndpoint(MetricRegistry registry, NodeAccess node, ILogger<MetricsEndpoint> logger)
{
    /// <summary>Answers the request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        var status = await AskAsync();
        var text = new PrometheusText();
        foreach (var family in registry.Collect())
        {
            text.Write(family);
        }

        text.Write("kimura_node_up", MetricType.Gauge, "Whether the node says how it is.", status is null ? 0 : 1);
        if (status is not null)
        {
            WriteNode(text, status);
        }

        ProcessMetrics.Write(text);
        var bytes = text.ToUtf8();
        context.Response.ContentType = PrometheusText.ContentType;
        context.Response.ContentLength = bytes.Length;
        await context.Response.BodyWriter.WriteAsync(bytes, context.RequestAborted);
    }

    private static void WriteNode(PrometheusText text, NodeStatus status)
    {
        text.Write(
            "kimura_node_info",
            MetricType.Gauge,
            "Always 1; the labels say what runs.",
            1,
            new("version", status.Version),
            new("engine", status.Engine),
            new("role", status.IsLeader ? "leader" : "peer"),
            new("chain_id", status.ChainId ?? ""));
        text.Write("kimura_chain_height", MetricType.Gauge, "Height of the newest block.", status.Tip.Height);
        text.Write("kimura_chain_target_height", MetricType.Gauge, "Height that the node is on its way to.", status.TargetHeight);
        text.Write("kimura_chain_syncing", MetricType.Gauge, "1 while blocks are missing.", status.IsSyncing ? 1 : 0);
        text.Write(
            "kimura_chain_tip_timestamp_seconds",
            MetricType.Gauge,
            "Timestamp of the newest block, Unix time.",
            status.TipTimestamp / 1000.0);
        text.Write(
            "kimura_chain_equivocations_total", MetricType.Counter, "Second blocks at one height, seen and refused.", status.Equivocations);
        text.Write(
            "kimura_chain_block_interval_seconds", MetricType.Gauge, "Time between blocks.", status.BlockIntervalMilliseconds / 1000.0);
        text.Write("kimura_pool_pending_messages", MetricType.Gauge, "Messages on disk and in no block yet.", status.Pending);
        text.Write("kimura_leader_epoch", MetricType.Gauge, "The leader's epoch; 0 on a peer.", status.Epoch);
        text.Write("kimura_network_peers", MetricType.Gauge, "Connected peers.", status.Peers);
    }

    private async ValueTask<NodeStatus?> AskAsync()
    {
        try
        {
            return await node.Reader.GetStatusAsync();
        }
        catch (Exception fault)
        {
            LogUnreadable(fault);
            return null;
        }
    }
}
