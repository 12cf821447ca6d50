using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Cryptography;
using Kimura.Interfaces;
using Kimura.Tests.Simulation.Checking;
using Kimura.Tests.Simulation.Engine;
using Kimura.Tests.Simulation.Node;

namespace Kimura.Tests.Simulation.Workload;

/// <summary>
/// A sender: submits through any node, tries again what it has no answer to, and now and then what it should not: the same message twice at once,
/// two contents with one nonce, old messages, wrong nonces. Holds every answer against what it was told before.
/// </summary>
internal sealed class Client
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BeforeRetry = TimeSpan.FromMilliseconds(300);

    private readonly World _world;
    private readonly SimRandom _random;
    private readonly Calls _calls;
    private readonly Promises _promises;
    private readonly Heights _heights;
    private readonly IReadOnlyList<SimNode> _nodes;
    private readonly ChainParameters _parameters;
    private readonly TimeProvider _time;
    private readonly PrivateKey _key;
    private readonly byte[] _sender = new byte[Formats.KeySize];
    private readonly List<Promise> _own = [];

    // Sent with a nonce too high and not refused: it may be on its way still, and be taken when its turn has come.
    private readonly Dictionary<ulong, List<Draft>> _early = [];

    public Client(Life clients, TimeProvider time, Promises promises, Heights heights, IReadOnlyList<SimNode> nodes, ChainParameters parameters)
    {
        (_world, _promises, _heights, _nodes, _parameters, _time) = (clients.World, promises, heights, nodes, parameters, time);
        _random = _world.Random.Fork();
        _calls = new Calls(clients, _random.Fork());
        _key = PrivateKey.Generate(bytes => _random.Fill(bytes.Span));
        _key.CopyPublicKey(_sender);
    }

    public int Submissions { get; private set; }

    public byte[] Sender => _sender;

    private ulong Next => (ulong)_own.Count;

    /// <summary>Goes on until told to stop, and until what it has begun is answered.</summary>
    public async Task RunAsync(Func<bool> isOver)
    {
        var reader = new Reader(_world, _random.Fork(), _calls, _promises, _heights, _nodes, _sender, _own);
        while (!isOver())
        {
            await Task.Delay(_random.Waiting(Between), _time);
            switch (_random.Next(100))
            {
                case < 66:
                    await SubmitNextAsync();
                    break;
                case < 72:
                    await RepeatAsync();
                    break;
                case < 76:
                    await SubmitTooEarlyAsync();
                    break;
                default:
                    await reader.ReadAsync();
                    break;
            }
        }
    }

    private async Task SubmitNextAsync()
    {
        List<Draft> drafts = [NewDraft(Next), .. _early.GetValueOrDefault(Next, [])];
        if (_random.Chance(0.1))
        {
            // An equivocation: the leader takes one of the two, and only one may ever be answered.
            drafts.Add(NewDraft(Next));
        }

        var first = drafts.Select(draft => SubmitAsync(draft, AnyNode())).ToList();
        if (_random.Chance(0.1))
        {
            _ = await SubmitAsync(drafts[0], AnyNode());
        }

        var answers = await Task.WhenAll(first);
        var settled = -1;
        for (var i = 0; i < answers.Length; i++)
        {
            settled = Settles(answers[i]) ? i : settled;
        }

        while (settled < 0)
        {
            await Task.Delay(BeforeRetry * (1 + _random.NextDouble()), _time);
            settled = await TryAgainAsync(drafts);
        }

        _own.Add(_promises.Answered(_sender, Next, drafts[settled].Content));
    }

    // Which of the drafts is durable; -1 where that is not known yet.
    private async Task<int> TryAgainAsync(List<Draft> drafts)
    {
        var others = 0;
        for (var i = 0; i < drafts.Count; i++)
        {
            var answer = await SubmitAsync(drafts[i], AnyNode());
            if (Settles(answer))
            {
                return i;
            }

            others += answer is { Outcome: SubmissionOutcome.Duplicate } ? 1 : 0;
        }

        return others < drafts.Count ? -1 : throw _world.Violation($"nonce {Next} of a sender is taken by a message that it never sent");
    }

    private async Task RepeatAsync()
    {
        if (_own.Count == 0)
        {
            return;
        }

        var old = _random.Pick(_own);
        var isSame = _random.Chance(0.5);
        var draft = isSame ? Sign(old.Nonce, old.Content) : NewDraft(old.Nonce);
        var answer = await SubmitAsync(draft, AnyNode());
        if (answer is not (null or { Outcome: SubmissionOutcome.Unavailable } or { Outcome: SubmissionOutcome.Duplicate }))
        {
            throw _world.Violation($"an old nonce, {old}, was answered {answer.Outcome}");
        }

        if (answer is { Outcome: SubmissionOutcome.Duplicate } && answer.SameContent != isSame)
        {
            throw _world.Violation($"message {old}, sent again with {(isSame ? "its own" : "another")} content, was answered {(isSame ? "as another" : "as the same")}");
        }
    }

    private async Task SubmitTooEarlyAsync()
    {
        var ahead = Next + 1 + (ulong)_random.Next(3);
        var draft = NewDraft(ahead);
        var answer = await SubmitAsync(draft, AnyNode());
        if (answer is not { Outcome: SubmissionOutcome.WrongNonce })
        {
            _early.TryAdd(ahead, []);
            _early[ahead].Add(draft);
        }

        // Those sent too early before may have arrived when their turn had come, with an answer that was lost.
        var mayBeNext = Next;
        while (_early.ContainsKey(mayBeNext))
        {
            mayBeNext++;
        }

        if (ahead > mayBeNext && answer is not (null or { Outcome: SubmissionOutcome.Unavailable } or { Outcome: SubmissionOutcome.WrongNonce }))
        {
            throw _world.Violation($"nonce {ahead} where {Next} is next was answered {answer.Outcome}");
        }

        if (answer is { Outcome: SubmissionOutcome.WrongNonce } && (answer.ExpectedNonce < Next || answer.ExpectedNonce > mayBeNext))
        {
            throw _world.Violation($"nonce {answer.ExpectedNonce} was said to be next where {Next} is");
        }
    }

    // Answered as durable: now, or before.
    private bool Settles(Answer? answer) => answer switch
    {
        null or { Outcome: SubmissionOutcome.Unavailable or SubmissionOutcome.PoolFull } or { Outcome: SubmissionOutcome.Duplicate, SameContent: false } => false,
        { Outcome: SubmissionOutcome.Accepted or SubmissionOutcome.Duplicate } => true,
        _ => throw _world.Violation($"nonce {Next}, the next one, was answered {answer.Outcome}, expecting {answer.ExpectedNonce}"),
    };

    private async Task<Answer?> SubmitAsync(Draft draft, SimNode node)
    {
        Submissions++;
        var results = await _calls.CallAsync(node, async grains => await grains.GetGrain<IIntakeGrain>(0).SubmitAsync(new SubmissionBatch(draft.Encoding, 1)));
        return results is { Results: [var result] } ? new Answer(result.Outcome, result.ExpectedNonce, result.SameContent) : null;
    }

    private Draft NewDraft(ulong nonce) => Sign(nonce, _random.Bytes(_random.Next(8, 200)));

    private Draft Sign(ulong nonce, byte[] content) =>
        new(content, MessageSigner.Sign(_parameters, _key, nonce, content));

    private SimNode AnyNode() => _random.Chance(0.5) ? _nodes[0] : _random.Pick(_nodes);

    private sealed record Draft(byte[] Content, byte[] Encoding);

    private sealed record Answer(SubmissionOutcome Outcome, ulong ExpectedNonce, bool SameContent);
}
