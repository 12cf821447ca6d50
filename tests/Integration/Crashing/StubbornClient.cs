using System.Text.Json;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Crashing;

/// <summary>Submits without end, single messages and batches, and tries each again until it is answered, however often the node dies.</summary>
internal sealed class StubbornClient(Reachable node, int seed) : IDisposable
{
    private const int Duplicate = -32003;
    private const int Unavailable = -32007;

    private readonly Random _random = new(seed);
    private readonly List<SignedMessage> _answered = [];
    private volatile bool _stopping;
    private long _answeredNonce;

    public Sender Sender { get; } = new();

    /// <summary>What the node said it has; complete when the client has stopped.</summary>
    public IReadOnlyList<SignedMessage> Answered => _answered;

    /// <summary>The nonce below which everything was answered, at any time.</summary>
    public ulong AnsweredNonce => (ulong)Volatile.Read(ref _answeredNonce);

    /// <summary>Submissions that were tried again.</summary>
    public int Retries { get; private set; }

    /// <summary>The newest block that a client was shown.</summary>
    public (ulong Height, string Hash) Seen { get; private set; } = (0, "");

    public void Stop() => _stopping = true;

    public async Task RunAsync()
    {
        RpcClient? rpc = null;
        try
        {
            var address = await node.AddressAsync();
            rpc = new RpcClient(address);
            List<SignedMessage> open = [];
            while (open.Count > 0 || !_stopping)
            {
                // Here and not after a submission: a kill may come between its answer and what follows.
                open = open.Count > 0 ? open : NextMessages();
                try
                {
                    await SubmitAsync(rpc, open);
                }
                catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
                {
                    Retries++;
                    rpc.Dispose();
                    address = await node.AddressAfterAsync(address).WaitAsync(Limits.Start);
                    rpc = new RpcClient(address);
                }
            }
        }
        finally
        {
            rpc?.Dispose();
        }
    }

    public void Dispose() => Sender.Dispose();

    private List<SignedMessage> NextMessages() => _random.Next(2) == 0
        ? [Sender.Sign(Text())]
        : [.. Enumerable.Range(0, _random.Next(2, 60)).Select(_ => Sender.Sign(Text()))];

    private string Text() => new('k', _random.Next(0, 400));

    // Takes from the list what was answered, in order.
    private async Task SubmitAsync(RpcClient rpc, List<SignedMessage> open)
    {
        if (open.Count == 1)
        {
            var reply = await rpc.SendAsync("submit_message", open[0].ToParameters());
            Take(open, reply.Error);
        }
        else
        {
            var results = await rpc.CallAsync("submit_messages", new { messages = open.Select(message => message.ToParameters()) });
            foreach (var result in results.EnumerateArray().ToList())
            {
                if (!Take(open, result.TryGetProperty("error", out var error) ? RpcError.Read(error) : null))
                {
                    break;
                }
            }
        }

        if (_random.Next(8) == 0)
        {
            await LookAsync(rpc);
        }
    }

    private bool Take(List<SignedMessage> open, RpcError? error)
    {
        if (error?.Code == Unavailable)
        {
            return false;
        }

        // Known already is the answer to a try whose own answer was lost; anything else would be a message lost or mixed up.
        Assert.True(
            error is null || (error.Code == Duplicate && error.Data!.Value.GetProperty("same_content").GetBoolean()),
            $"message {open[0].Nonce}: {error?.Code} {error?.Message} {error?.Data}");
        _answered.Add(open[0]);
        Volatile.Write(ref _answeredNonce, (long)open[0].Nonce + 1);
        open.RemoveAt(0);
        return true;
    }

    private async Task LookAsync(RpcClient rpc)
    {
        JsonElement tip = await rpc.CallAsync("get_height");
        Seen = (tip.GetProperty("height").GetUInt64(), tip.GetProperty("hash").GetString()!);
    }
}
