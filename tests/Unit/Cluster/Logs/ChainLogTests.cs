using Kimura.Tests.Unit.Cluster.Postgres;
using Kimura.Tests.Unit.Storage.Ledger;

namespace Kimura.Tests.Unit.Cluster.Logs;

public sealed class StoreAsLogTests : ChainLogContract
{
    private protected override async Task<LogUnderTest> OpenAsync()
    {
        var ledger = await LedgerFixture.CreateAsync(takesEpochs: false);
        return new LogUnderTest(ledger, ledger.Chain);
    }
}

public sealed class MemoryLogTests : SharedLogContract
{
    private protected override Task<SharedLogs> OpenSharedAsync(LedgerFixture ledger)
    {
        var state = new MemoryLogState(ledger.Parameters);
        return Task.FromResult(new SharedLogs(new MemoryLog(state, TimeProvider.System), new MemoryLog(state, TimeProvider.System)));
    }
}

public sealed class PostgresLogTests(SharedServer server) : SharedLogContract
{
    private protected override async Task<SharedLogs> OpenSharedAsync(LedgerFixture ledger)
    {
        var database = await (await server.GetAsync()).CreateDatabaseAsync();
        return new SharedLogs(await PostgresLogs.OpenAsync(database, ledger), await PostgresLogs.OpenAsync(database, ledger));
    }
}
