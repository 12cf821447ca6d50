using Kimura.Tests.Integration.Harness;

namespace Kimura.Tests.Integration.Backups;

/// <summary>Submits batch after batch, each when the one before was answered, until it is stopped.</summary>
internal sealed class SteadyLoad : IDisposable
{
    private const int Batch = 100;

    private readonly Sender _sender = new();
    private readonly Task _running;
    private volatile bool _stopping;

    public SteadyLoad(RpcClient rpc) => _running = RunAsync(rpc);

    /// <summary>Messages that were answered.</summary>
    public ulong Answered { get; private set; }

    /// <summary>Waits for the answer to the last batch; fails where any batch has.</summary>
    public Task StopAsync()
    {
        _stopping = true;
        return _running;
    }

    public void Dispose() => _sender.Dispose();

    private async Task RunAsync(RpcClient rpc)
    {
        while (!_stopping)
        {
            await rpc.SubmitAsync(_sender.Sign(Batch, "under load"));
            Answered += Batch;
        }
    }
}
