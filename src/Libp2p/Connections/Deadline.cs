namespace Kimura.Libp2p.Connections;

/// <summary>A token that ends after a time, or with one of two others. Disposing it stops the timer.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenSource _linked;

    public Deadline(TimeSpan time, TimeProvider provider, CancellationToken first, CancellationToken second)
    {
        _timer = new CancellationTokenSource(time, provider);
        _linked = CancellationTokenSource.CreateLinkedTokenSource(_timer.Token, first, second);
    }

    public CancellationToken Token => _linked.Token;

    public void Dispose()
    {
        _linked.Dispose();
        _timer.Dispose();
    }
}
