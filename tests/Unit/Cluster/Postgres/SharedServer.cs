using Kimura.Tests.Unit.Cluster.Postgres;
using Xunit;

[assembly: AssemblyFixture(typeof(SharedServer))]

namespace Kimura.Tests.Unit.Cluster.Postgres;

/// <summary>One server for all tests that neither stop nor kill it, started for the first of them.</summary>
public sealed class SharedServer : IAsyncDisposable
{
    private readonly SemaphoreSlim _starting = new(1, 1);
    private PostgresServer? _server;

    public async Task<PostgresServer> GetAsync()
    {
        await _starting.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            return _server ??= await StartNewAsync();
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>A server of a test's own; skips the test, with the reason, where PostgreSQL is not installed.</summary>
    public static Task<PostgresServer> StartNewAsync(params string[] settings)
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        return PostgresServer.StartNewAsync(settings);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _starting.Dispose();
    }
}
