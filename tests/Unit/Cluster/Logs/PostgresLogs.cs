using Kimura.Chain;
using Kimura.Storage.Log;
using Kimura.Storage.Postgres;
using Kimura.Tests.Unit.Storage;
using Kimura.Tests.Unit.Storage.Ledger;

namespace Kimura.Tests.Unit.Cluster.Logs;

internal static class PostgresLogs
{
    public static Task<PostgresLog> OpenAsync(ClusterDatabase database, LedgerFixture ledger, ListLogger? log = null) => OpenAsync(database, ledger.Parameters, log: log);

    public static Task<PostgresLog> OpenAsync(ClusterDatabase database, ChainParameters parameters, string clusterId = "kimura", ListLogger? log = null) =>
        PostgresLogOpening.OpenAsync(database, clusterId, parameters, TimeProvider.System, log ?? new ListLogger());
}
