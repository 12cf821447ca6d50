namespace Kimura.Silo.Membership;

/// <summary>
/// What the provider runs, with its names of parameters and result columns. A change of a silo's row is one statement that raises the
/// cluster's version first: of two silos that change the table at once, the row lock lets one through and the other finds the version changed.
/// </summary>
internal static class MembershipQueries
{
    private const string Columns =
        """
        c.version AS "Version", s.address AS "Address", s.port AS "Port", s.generation AS "Generation", s.name AS "SiloName", s.host AS "HostName",
        s.status AS "Status", s.gateway_port AS "ProxyPort", s.suspicions AS "SuspectTimes", s.started AS "StartTime", s.alive AS "IAmAliveTime"
        """;

    private const string ThisSilo = "cluster_id = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation";

    // Nothing where the version is not the one that the caller has read.
    private const string Raised = "UPDATE cluster SET version = version + 1 WHERE cluster_id = @DeploymentId AND version = @Version";

    public static IReadOnlyDictionary<string, string> ByKey { get; } = new Dictionary<string, string>
    {
        // The version is there before any silo is.
        ["InsertMembershipVersionKey"] =
            """
            WITH made AS (INSERT INTO cluster (cluster_id) VALUES (@DeploymentId) ON CONFLICT DO NOTHING RETURNING cluster_id)
            SELECT count(*)::integer FROM made
            """,
        ["InsertMembershipKey"] =
            $"""
            WITH raised AS ({Raised} AND NOT EXISTS (SELECT FROM silo WHERE {ThisSilo}) RETURNING cluster_id), made AS (
                INSERT INTO silo (cluster_id, address, port, generation, name, host, status, gateway_port, started, alive)
                SELECT cluster_id, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime
                FROM raised RETURNING cluster_id)
            SELECT count(*)::integer FROM made
            """,
        ["UpdateMembershipKey"] =
            $"""
            WITH raised AS ({Raised} AND EXISTS (SELECT FROM silo WHERE {ThisSilo}) RETURNING cluster_id), changed AS (
                UPDATE silo SET status = @Status, suspicions = @SuspectTimes, alive = @IAmAliveTime
                WHERE {ThisSilo} AND EXISTS (SELECT FROM raised) RETURNING cluster_id)
            SELECT count(*)::integer FROM changed
            """,
        ["UpdateIAmAlivetimeKey"] = $"UPDATE silo SET alive = @IAmAliveTime WHERE {ThisSilo}",

        // One row with the version alone where no silo is: the outer join gives it.
        ["MembershipReadAllKey"] =
            $"SELECT {Columns} FROM cluster c LEFT JOIN silo s ON s.cluster_id = c.cluster_id WHERE c.cluster_id = @DeploymentId",
        ["MembershipReadRowKey"] =
            $"""
            SELECT {Columns} FROM cluster c
            LEFT JOIN silo s ON s.cluster_id = c.cluster_id AND s.address = @Address AND s.port = @Port AND s.generation = @Generation
            WHERE c.cluster_id = @DeploymentId
            """,
        ["GatewaysQueryKey"] =
            """
            SELECT address AS "Address", gateway_port AS "ProxyPort", generation AS "Generation"
            FROM silo WHERE cluster_id = @DeploymentId AND status = @Status AND gateway_port > 0
            """,

        // 3 is Active: a living silo's row stays, however old its sign of life.
        ["CleanupDefunctSiloEntriesKey"] = "DELETE FROM silo WHERE cluster_id = @DeploymentId AND status <> 3 AND alive < @IAmAliveTime",
        ["DeleteMembershipTableEntriesKey"] = "DELETE FROM cluster WHERE cluster_id = @DeploymentId",
    };
}
