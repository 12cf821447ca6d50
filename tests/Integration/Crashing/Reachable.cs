namespace Kimura.Tests.Integration.Crashing;

/// <summary>Where the node is at present: clients wait here while it is down.</summary>
internal sealed class Reachable
{
    private readonly Lock _gate = new();
    private TaskCompletionSource<Uri> _next = NewSource();
    private Uri? _current;

    /// <summary>The node's address now, or its next one once it is up.</summary>
    public Task<Uri> AddressAsync()
    {
        lock (_gate)
        {
            return _current is null ? _next.Task : Task.FromResult(_current);
        }
    }

    /// <summary>The first address after one that has stopped to answer.</summary>
    public Task<Uri> AddressAfterAsync(Uri dead)
    {
        lock (_gate)
        {
            return _current is null || _current == dead ? _next.Task : Task.FromResult(_current);
        }
    }

    public void Up(Uri address)
    {
        TaskCompletionSource<Uri> waiting;
        lock (_gate)
        {
            _current = address;
            waiting = _next;
            _next = NewSource();
        }

        waiting.SetResult(address);
    }

    public void Down()
    {
        lock (_gate)
        {
            _current = null;
        }
    }

    private static TaskCompletionSource<Uri> NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
