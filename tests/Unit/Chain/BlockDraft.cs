using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Tests.Unit.Chain.Golden;

namespace Kimura.Tests.Unit.Chain;

/// <summary>What a verifier says in the end.</summary>
internal readonly record struct Finding(Verdict Verdict, int Index = -1, bool WrongDelivery = false);

/// <summary>The next block of a small chain, valid until a test spoils it; what is spoiled is still signed, unless the signature is.</summary>
internal sealed class BlockDraft
{
    public const int MaxMessages = 4;
    public const ulong Now = TipTime + 5_000;
    public const ulong TipTime = 1_700_000_000_000;
    public const ulong TipHeight = 7;

    public static ChainParameters Parameters { get; } = new("kimura-test", maxMessages: MaxMessages, maxMessageBytes: 70_000);

    public static ProducerSchedule Producers { get; } = new(TestKeys.Public("leader"));

    public static Block Tip { get; } = MakeTip();

    public ulong Height { get; set; } = TipHeight + 1;

    public ulong Timestamp { get; set; } = TipTime + 100;

    public BlockHash PrevHash { get; set; } = Tip.Hash;

    public string Producer { get; set; } = "leader";

    public bool SpoilVersion { get; set; }

    public bool SpoilRoot { get; set; }

    public bool SpoilSignature { get; set; }

    public bool ListFirstAgain { get; set; }

    /// <summary>Changes the delivered bodies, after the list was made of the right ones.</summary>
    public Action<List<Message>>? SpoilDelivery { get; set; }

    public List<MessageDraft> Messages { get; } = [new("alice", 5), new("bob", 0), new("alice", 6)];

    public async Task<Finding> VerifyAsync()
    {
        var bodies = Messages.Select(draft => draft.Sign(Parameters)).ToList();
        var bytes = Encode(bodies);
        SpoilDelivery?.Invoke(bodies);
        var verdict = BlockVerifier.CheckSelf(bytes, Parameters, Producers, out var block);
        if (verdict != Verdict.Ok)
        {
            return new Finding(verdict);
        }

        verdict = BlockVerifier.CheckPlace(block!, Tip, Height == TipHeight ? Tip.Hash : null, Now);
        if (verdict != Verdict.Ok)
        {
            return new Finding(verdict);
        }

        var next = new Dictionary<PublicKey, ulong> { [TestKeys.Public("alice")] = 5 };
        var check = await BodyVerifier.CheckAsync(block!, bodies, next, Parameters, InlineWorkers.Instance);
        return new Finding(check.Verdict, check.Index, check.WrongDelivery);
    }

    public byte[] Encode(List<Message> bodies)
    {
        var entries = bodies.SelectMany(body => (byte[])[.. body.ComputeId().Value.ToArray(), .. body.ComputeHash().Value.ToArray()]).ToList();
        if (ListFirstAgain)
        {
            entries.AddRange(entries.Take(MerkleTree.EntrySize).ToList());
        }

        byte[] list = [.. entries];
        var root = SpoilRoot ? Tip.Hash.Value : MerkleTree.ComputeRoot(list);
        var bytes = Sign(new BlockHeader(Height, Timestamp, PrevHash, root, default, default), Producer, list).Encoding.ToArray();
        bytes[0] ^= SpoilVersion ? (byte)0x80 : (byte)0;
        bytes[Block.PrefixSize - 5] ^= SpoilSignature ? (byte)1 : (byte)0;
        return bytes;
    }

    private static Block Sign(BlockHeader header, string producer, byte[] list)
    {
        using var signer = new BlockSigner(TestKeys.Private(producer));
        var signature = signer.Sign(header.ComputeHash());
        return Block.Create(header with { Producer = signer.PublicKey, ProducerSignature = signature }, list);
    }

    private static Block MakeTip() => Sign(
        new BlockHeader(TipHeight, TipTime, Parameters.Genesis.Hash, MerkleTree.ComputeRoot([]), default, default), "leader", []);
}

/// <summary>A message to be signed, and forged where asked for.</summary>
internal sealed class MessageDraft(string sender, ulong nonce)
{
    public ulong Nonce { get; set; } = nonce;

    public ulong Timestamp { get; set; } = BlockDraft.TipTime;

    public byte[] Content { get; set; } = [1, 2, 3];

    public bool Forged { get; set; }

    public Message Sign(ChainParameters parameters)
    {
        using var key = TestKeys.Private(sender);
        var encoding = MessageSigner.Sign(parameters, key, Nonce, Content);
        Message.Stamp(encoding, Timestamp);
        encoding[Message.HeaderSize - 5] ^= Forged ? (byte)1 : (byte)0;
        return Message.TryDecode(encoding, ChainParameters.ContentLimit, out var message) ? message : throw new InvalidOperationException("not a message");
    }
}
