using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Cryptography;
using Kimura.Grains;
using Kimura.Grains.Pool;
using Kimura.Interfaces;
using Kimura.Storage.Ledger;
using Kimura.Tests.Unit.Chain.Golden;
using Xunit;

namespace Kimura.Tests.Unit.Grains;

/// <summary>The book beside a model that does the same in the simplest way, over random sequences.</summary>
public sealed class AdmissionBookTests(ITestOutputHelper output)
{
    private const string SeedVariable = "KIMURA_SEED";

    [Fact]
    public void The_book_agrees_with_a_naive_model_over_random_sequences()
    {
        var text = Environment.GetEnvironmentVariable(SeedVariable);
        var seed = string.IsNullOrEmpty(text) ? (ulong)Random.Shared.NextInt64() : ulong.Parse(text);
        output.WriteLine($"{SeedVariable}={seed}");
        var outcomes = new HashSet<SubmissionOutcome>();
        for (var run = 0; run < 40; run++)
        {
            var history = new History(new Random(unchecked((int)seed + run)));
            for (var step = 0; step < 250; step++)
            {
                history.Step(outcomes);
            }
        }

        // A run that never met one of these would show nothing about it.
        SubmissionOutcome[] met = [SubmissionOutcome.Accepted, SubmissionOutcome.Duplicate, SubmissionOutcome.WrongNonce, SubmissionOutcome.PoolFull];
        Assert.Subset(outcomes, met.ToHashSet());
    }

    private sealed class History
    {
        private static readonly PublicKey[] Senders = [.. TestKeys.All.Select(key => TestKeys.Public(key.Name))];

        private readonly Random _random;
        private readonly NodeOptions _limits;
        private readonly AdmissionBook _book;

        // The model: everything ever accepted, in order, and how far it is.
        private readonly List<(PendingMessage Message, Stage Stage)> _accepted = [];
        private readonly HashSet<MessageId> _inBlocks = [];
        private readonly ulong _firstArrival;
        private FlushGroup _gathering = new();
        private FlushGroup? _flushing;

        public History(Random random)
        {
            _random = random;
            _limits = new NodeOptions
            {
                SiloName = "Silo_0",
                IsLeader = true,
                Producers = new ProducerSchedule(Senders[0]),
                BlockInterval = TimeSpan.FromSeconds(1),
                Engine = "none",
                Version = "0",
                PendingLimit = random.Next(5, 40),
                PendingBytesLimit = random.Next(1_000, 8_000),
                PendingSenderLimit = random.Next(2, 15),
            };
            _firstArrival = (ulong)random.Next(1, 100);
            _book = new AdmissionBook(_limits, _firstArrival);
            for (var i = random.Next(4); i > 0; i--)
            {
                // What was on disk before has the arrivals below the first.
                var message = Make(Senders[0], NextOf(Senders[0]));
                var restored = new PendingMessage(message.ComputeId(), message.ComputeHash(), message, _firstArrival - 1);
                _book.Restore(restored);
                _accepted.Add((restored, Stage.Stored));
            }
        }

        private enum Stage
        {
            Gathering,
            Flushing,
            Stored,
            InBlock,
        }

        private IEnumerable<PendingMessage> Pending => _accepted.Where(one => one.Stage != Stage.InBlock).Select(one => one.Message);

        public void Step(HashSet<SubmissionOutcome> outcomes)
        {
            switch (_random.Next(10))
            {
                case < 6:
                    outcomes.Add(Admit());
                    break;
                case 6:
                    StartFlush();
                    break;
                case 7:
                    EndFlush();
                    break;
                case 8:
                    MakeBlock();
                    break;
                default:
                    _book.Prune(IsPending);
                    break;
            }

            CheckInvariants();
        }

        private SubmissionOutcome Admit()
        {
            var sender = Senders[_random.Next(Senders.Length)];
            var next = NextOf(sender);
            var nonce = (ulong)Math.Max(0, (long)next + _random.Next(-2, 3) * _random.Next(2));
            var message = Make(sender, nonce);
            _book.Prune(IsPending);
            if (!_book.Knows(sender))
            {
                _book.Learn(sender, next);
            }

            var (outcome, expected) = Expect(message, nonce, next);
            var admission = _book.Admit(message, message.ComputeId(), _gathering);
            Assert.Equal((outcome, outcome == SubmissionOutcome.WrongNonce ? next : 0), (admission.Outcome, admission.Expected));
            if (outcome == SubmissionOutcome.Accepted)
            {
                var pending = _gathering.Messages[^1];
                Assert.Equal(message.Encoding, pending.Message.Encoding);
                Assert.Equal(_firstArrival + (ulong)_accepted.Count(one => one.Message.Arrival >= _firstArrival), pending.Arrival);
                _accepted.Add((pending, Stage.Gathering));
            }
            else
            {
                _book.ForgetIdle(sender);
                Assert.Equal(Pending.Any(one => one.Message.Sender == sender), _book.Knows(sender));
            }

            Assert.Same(expected, admission.FirstTry?.Message);
            return outcome;
        }

        private (SubmissionOutcome Outcome, PendingMessage? FirstTry) Expect(Message message, ulong nonce, ulong next)
        {
            if (nonce < next)
            {
                var id = message.ComputeId();
                var first = _accepted.FirstOrDefault(one => one.Stage is Stage.Gathering or Stage.Flushing && one.Message.Id == id);
                return (SubmissionOutcome.Duplicate, first.Message);
            }

            if (nonce > next)
            {
                return (SubmissionOutcome.WrongNonce, null);
            }

            var pending = Pending.ToList();
            var isFull = pending.Count >= _limits.PendingLimit
                || pending.Sum(one => one.Message.Encoding.Length) + message.Encoding.Length > _limits.PendingBytesLimit
                || pending.Count(one => one.Message.Sender == message.Sender) >= _limits.PendingSenderLimit;
            return (isFull ? SubmissionOutcome.PoolFull : SubmissionOutcome.Accepted, null);
        }

        private void StartFlush()
        {
            if (_flushing is null && _gathering.Messages.Count > 0)
            {
                _flushing = _gathering;
                _gathering = new FlushGroup();
                Move(Stage.Gathering, Stage.Flushing, int.MaxValue);
            }
        }

        private void EndFlush()
        {
            if (_flushing is not null)
            {
                _book.Settle(_flushing);
                _flushing = null;
                Move(Stage.Flushing, Stage.Stored, int.MaxValue);
            }
        }

        private void MakeBlock() => Move(Stage.Stored, Stage.InBlock, _random.Next(12));

        private void Move(Stage from, Stage to, int count)
        {
            for (var i = 0; i < _accepted.Count && count > 0; i++)
            {
                if (_accepted[i].Stage == from)
                {
                    _accepted[i] = (_accepted[i].Message, to);
                    _ = to == Stage.InBlock && _inBlocks.Add(_accepted[i].Message.Id);
                    count--;
                }
            }
        }

        private void CheckInvariants()
        {
            _book.Prune(IsPending);
            Assert.Equal(_accepted.Where(one => one.Stage == Stage.Stored).Select(one => one.Message), _book.Stored);
            foreach (var sender in Pending.GroupBy(one => one.Message.Sender))
            {
                Assert.True(_book.Knows(sender.Key));
                var nonces = sender.Select(one => one.Message.Nonce).ToList();
                Assert.Equal(Enumerable.Range(0, nonces.Count).Select(i => nonces[0] + (ulong)i), nonces);
            }
        }

        private ulong NextOf(PublicKey sender) => (ulong)_accepted.Count(one => one.Message.Message.Sender == sender);

        private bool IsPending(MessageId id) => !_inBlocks.Contains(id);

        // The book looks at no signature.
        private Message Make(PublicKey sender, ulong nonce)
        {
            var content = new byte[_random.Next(200)];
            var encoding = new byte[Message.EncodedSize(content.Length)];
            Message.Encode(encoding, sender.ToArray(), nonce, 0, new byte[Secp256k1.SignatureSize], content);
            return Message.TryDecode(encoding, content.Length, out var message) ? message : throw new InvalidOperationException("not a message");
        }
    }
}
