using System.Text.Json;
using Kimura.Gateway.JsonRpc;
using Kimura.Interfaces;

namespace Kimura.Gateway.Results;

/// <summary>A node's status as clients see it (protocol section 7, <c>get_status</c>).</summary>
internal static class StatusView
{
    /// <summary>Writes the status.</summary>
    public static void Write(Utf8JsonWriter writer, NodeStatus status)
    {
        writer.WriteStartObject();
        writer.WriteString("chain_id"u8, status.ChainId);
        writer.WriteHex("genesis_hash"u8, status.GenesisHash.Span);
        writer.WriteNumber("height"u8, status.Tip.Height);
        writer.WriteHex("hash"u8, status.Tip.Hash.Span);
        writer.WriteString("role"u8, status.IsLeader ? "leader"u8 : "peer"u8);
        if (status.LeaderKey.IsEmpty)
        {
            writer.WriteNull("leader_key"u8);
        }
        else
        {
            writer.WriteHex("leader_key"u8, status.LeaderKey.Span);
        }

        writer.WriteBoolean("syncing"u8, status.IsSyncing);
        writer.WriteNumber("target_height"u8, status.TargetHeight);
        writer.WriteNumber("peers"u8, status.Peers);
        writer.WriteNumber("pending"u8, status.Pending);
        writer.WriteNumber("equivocations"u8, status.Equivocations);
        writer.WriteNumber("epoch"u8, status.Epoch);
        writer.WriteString("engine"u8, status.Engine);
        writer.WriteString("version"u8, status.Version);
        writer.WriteNumber("block_interval_ms"u8, status.BlockIntervalMilliseconds);
        if (status.Cluster is { } cluster)
        {
            Write(writer, cluster);
        }

        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, ClusterStatus cluster)
    {
        writer.WriteStartObject("cluster"u8);
        writer.WriteStartArray("silos"u8);
        foreach (var silo in cluster.Silos)
        {
            writer.WriteStringValue(silo);
        }

        writer.WriteEndArray();
        writer.WriteString("leader"u8, cluster.Leader);
        writer.WriteNumber("epoch"u8, cluster.Epoch);
        writer.WriteNumber("replica_lag"u8, cluster.ReplicaLag);
        writer.WriteBoolean("log_reachable"u8, cluster.IsLogReachable);
        writer.WriteEndObject();
    }
}
