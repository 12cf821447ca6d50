using System.Text;
using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Cryptography;
using Kimura.Interfaces;

namespace Kimura.Tests.Unit.Cluster.Nodes;

/// <summary>A client that sends message after message, each again and again until it is answered, through whatever silo it is given.</summary>
internal sealed class StubbornSender : IDisposable
{
    private readonly PrivateKey _key;
    private readonly ChainParameters _parameters = new("kimura-test");
    private readonly List<MessageId> _answered = [];

    public StubbornSender(int seed)
    {
        var bytes = new byte[32];
        new Random(seed).NextBytes(bytes);
        _key = PrivateKey.FromBytes(bytes);
        var point = new byte[PublicKey.Size];
        _key.CopyPublicKey(point);
        Sender = new PublicKey(point);
    }

    public PublicKey Sender { get; }

    /// <summary>The ids that were answered, by nonce.</summary>
    public IReadOnlyList<MessageId> Answered => _answered;

    /// <summary>Answers that a message must never get.</summary>
    public List<string> Wrong { get; } = [];

    /// <summary>Sends batches until it is stopped; the last one is answered first.</summary>
    public async Task RunAsync(Func<(IIntakeGrain Intake, IChainReader Reader)> choose, int batch, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await SendAsync(choose, batch);
        }
    }

    /// <summary>Sends one batch until all of it is answered, and reads through another silo what was.</summary>
    public async Task SendAsync(Func<(IIntakeGrain Intake, IChainReader Reader)> choose, int batch)
    {
        var messages = Enumerable.Range(_answered.Count, batch).Select(Sign).ToList();
        while (messages.Count > 0)
        {
            var results = await TryAsync(choose, messages);
            var done = results.TakeWhile(IsAnswered).Count();
            foreach (var encoding in messages[..done])
            {
                _answered.Add(IdOf(encoding));
            }

            messages.RemoveRange(0, done);
        }

        await ReadBackAsync(choose);
    }

    /// <summary>One message of a sender, to submit once.</summary>
    public static SubmissionBatch Batch(StubbornSender sender, int nonce) => new(sender.Sign(nonce), 1);

    public void Dispose() => _key.Dispose();

    private byte[] Sign(int nonce) => MessageSigner.Sign(_parameters, _key, (ulong)nonce, Encoding.UTF8.GetBytes($"content {nonce}"));

    private static async Task<IReadOnlyList<SubmissionResult>> TryAsync(Func<(IIntakeGrain Intake, IChainReader Reader)> choose, List<byte[]> messages)
    {
        try
        {
            return (await choose().Intake.SubmitAsync(new SubmissionBatch(messages.SelectMany(message => message).ToArray(), messages.Count))).Results;
        }
        catch (Exception exception) when (exception is Orleans.Runtime.OrleansException or TimeoutException or KeyNotFoundException or ObjectDisposedException)
        {
            // Killed under the call, or not started again yet.
            return [];
        }
        finally
        {
            await Task.Delay(5);
        }
    }

    private bool IsAnswered(SubmissionResult result)
    {
        if (result.Outcome is not (SubmissionOutcome.Accepted or SubmissionOutcome.Unavailable or SubmissionOutcome.Duplicate or SubmissionOutcome.PoolFull or SubmissionOutcome.WrongNonce)
            || result is { Outcome: SubmissionOutcome.Duplicate, SameContent: false })
        {
            Wrong.Add($"{result}");
        }

        return result.Outcome is SubmissionOutcome.Accepted or SubmissionOutcome.Duplicate;
    }

    private async Task ReadBackAsync(Func<(IIntakeGrain Intake, IChainReader Reader)> choose)
    {
        try
        {
            var nonce = await choose().Reader.GetNonceAsync(Sender.ToArray());
            if (!nonce.IsUnreachable && nonce.Nonce != (ulong)_answered.Count)
            {
                Wrong.Add($"nonce {nonce.Nonce} after {_answered.Count} answers");
            }

            var message = await choose().Reader.GetMessageAsync(_answered[^1].Value.ToArray());
            if (message is { IsUnreachable: false, Record: null })
            {
                Wrong.Add($"message {_answered.Count - 1} was answered and is not found");
            }
        }
        catch (Exception exception) when (exception is Orleans.Runtime.OrleansException or TimeoutException or KeyNotFoundException or ObjectDisposedException)
        {
            // The silo was killed.
        }
    }

    private static MessageId IdOf(byte[] encoding) =>
        Message.TryDecode(encoding, ChainParameters.ContentLimit, out var message) ? message.ComputeId() : throw new InvalidOperationException("not a message");
}
