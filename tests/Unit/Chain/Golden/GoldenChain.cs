using System.Text;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;

namespace Kimura.Tests.Unit.Chain.Golden;

/// <summary>A small chain made from a table: genesis, then one block for each row of contents.</summary>
internal sealed class GoldenChain
{
    private const ulong FirstTimestamp = 1_700_000_000_000;
    private const ulong Interval = 5_000;

    private readonly List<(Block Block, IReadOnlyList<Message> Bodies)> _blocks = [];

    /// <summary>Makes the chain; each message is a sender's name and a content, nonces count up by themselves.</summary>
    public GoldenChain(string? chainId, params (string Sender, string Content)[][] blocks)
    {
        Parameters = new ChainParameters(chainId);
        using var signer = new BlockSigner(TestKeys.Private("leader"));
        var nonces = new Dictionary<string, ulong>();
        var tip = Parameters.Genesis;
        foreach (var rows in blocks)
        {
            var now = FirstTimestamp + (Interval * (ulong)_blocks.Count);
            var bodies = rows.Select((row, i) => Sign(row.Sender, row.Content, nonces, now - (ulong)(rows.Length - i))).ToList();
            byte[] entries = [.. bodies.SelectMany(body => (byte[])[.. body.ComputeId().Value.ToArray(), .. body.ComputeHash().Value.ToArray()])];
            var latest = bodies.Count == 0 ? 0 : bodies[^1].Timestamp;
            tip = BlockProduction.Produce(tip, entries, latest, now, signer);
            _blocks.Add((tip, bodies));
        }
    }

    /// <summary>The chain's parameters.</summary>
    public ChainParameters Parameters { get; }

    /// <summary>The blocks above genesis with their messages.</summary>
    public IReadOnlyList<(Block Block, IReadOnlyList<Message> Bodies)> Blocks => _blocks;

    /// <summary>The chain with an id of the golden files: messages, an empty block, several senders, an odd count.</summary>
    public static GoldenChain WithId() => new(
        "kimura-golden",
        [("alice", "hello")],
        [],
        [("bob", "first"), ("alice", "second of alice"), ("bob", "")],
        [("carol", "木村"), ("alice", "a"), ("alice", "b"), ("bob", "c"), ("carol", "d")]);

    /// <summary>The chain without an id of the golden files.</summary>
    public static GoldenChain WithoutId() => new(null, [], [("alice", "hello"), ("bob", "hello")]);

    private Message Sign(string sender, string content, Dictionary<string, ulong> nonces, ulong timestamp)
    {
        var nonce = nonces.GetValueOrDefault(sender);
        nonces[sender] = nonce + 1;
        using var key = TestKeys.Private(sender);
        var encoding = MessageSigner.Sign(Parameters, key, nonce, Encoding.UTF8.GetBytes(content));
        Message.Stamp(encoding, timestamp);
        return Message.TryDecode(encoding, Parameters.MaxContent, out var message) ? message : throw new InvalidOperationException(content);
    }
}
