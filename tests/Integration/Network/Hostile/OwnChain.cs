using System.Security.Cryptography;
using System.Text;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Cryptography;
using Kimura.Libp2p.Encodings;

namespace Kimura.Tests.Integration.Network.Hostile;

/// <summary>
/// A chain whose leader key the test holds: true blocks and false ones, and the answers of a node that has it, written by hand after
/// kimura.proto.
/// </summary>
internal sealed class OwnChain : IDisposable
{
    private readonly PrivateKey _secret = PrivateKey.Generate(static bytes => RandomNumberGenerator.Fill(bytes.Span));
    private readonly PrivateKey _sender = PrivateKey.Generate(static bytes => RandomNumberGenerator.Fill(bytes.Span));
    private readonly BlockSigner _signer;
    private readonly List<(Block Block, IReadOnlyList<Message> Bodies)> _blocks = [];
    private ulong _nonce;

    public OwnChain()
    {
        Span<byte> secret = stackalloc byte[Secp256k1.PrivateKeySize];
        _secret.CopySecret(secret);
        _signer = new BlockSigner(PrivateKey.FromBytes(secret));
        _blocks.Add((Parameters.Genesis, []));
    }

    public ChainParameters Parameters { get; } = new();

    public PublicKey Leader => _signer.PublicKey;

    public Block Tip => _blocks[^1].Block;

    public static ulong Now => (ulong)TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    public Block this[int height] => _blocks[height].Block;

    public IReadOnlyList<Message> BodiesAt(int height) => _blocks[height].Bodies;

    /// <summary>Makes the next block and keeps it.</summary>
    public Block Append(int messages = 0)
    {
        var (block, bodies) = Next(messages);
        _blocks.Add((block, bodies));
        _nonce += (ulong)messages;
        return block;
    }

    /// <summary>Makes a block that could be next, and does not keep it.</summary>
    public (Block Block, IReadOnlyList<Message> Bodies) Next(int messages = 0)
    {
        var now = Now;
        var bodies = Enumerable.Range(0, messages).Select(i => Sign(_nonce + (ulong)i, $"message {_nonce + (ulong)i}", now)).ToList();
        return (BlockProduction.Produce(Tip, EntriesOf(bodies), bodies.Count == 0 ? 0 : now, now, _signer), bodies);
    }

    /// <summary>A message of the chain's sender; not part of any block.</summary>
    public Message Sign(ulong nonce, string content, ulong timestamp)
    {
        var encoding = MessageSigner.Sign(Parameters, _sender, nonce, Encoding.UTF8.GetBytes(content));
        Message.Stamp(encoding, timestamp);
        return Message.TryDecode(encoding, ChainParameters.ContentLimit, out var message) ? message : throw new InvalidOperationException(content);
    }

    public static byte[] EntriesOf(IEnumerable<Message> bodies) =>
        [.. bodies.SelectMany(body => (byte[])[.. body.ComputeId().Value.ToArray(), .. body.ComputeHash().Value.ToArray()])];

    /// <summary>A block with another header, signed by the leader's key.</summary>
    public Block Resign(Block block, Func<BlockHeader, BlockHeader> change) => Resign(block, change, _secret, Leader);

    /// <summary>The same, signed by a key.</summary>
    public static Block Resign(Block block, Func<BlockHeader, BlockHeader> change, PrivateKey key, PublicKey producer)
    {
        var header = change(block.Header) with { Producer = producer };
        Span<byte> signature = stackalloc byte[Signature.Size];
        key.Sign(header.ComputeHash().Value.ToArray(), signature);
        return Block.Create(header with { ProducerSignature = new Signature(signature) }, block.Entries);
    }

    /// <summary>A status with the tip at a height and the leader's key.</summary>
    public byte[] Status(int height) => Status(_blocks[height].Block.Header).ToArray();

    public ProtoWriter Status(in BlockHeader tip) => new ProtoWriter()
        .Bytes(1, Parameters.Genesis.Hash.Value.ToArray())
        .Bytes(3, WithVersion(1, tip))
        .Bytes(4, Leader.ToArray());

    /// <summary>The same with where the leader is, as this chain's leader signs it.</summary>
    public byte[] StatusWithLeader(int height, byte[] peerId, byte[] address) => Status(_blocks[height].Block.Header)
        .Bytes(5, peerId).Bytes(6, address).Bytes(7, _signer.SignLeader(Parameters.Genesis.Hash, peerId)).ToArray();

    public static byte[] WithVersion(byte version, in BlockHeader header)
    {
        var bytes = new byte[1 + BlockHeader.Size];
        bytes[0] = version;
        header.WriteTo(bytes.AsSpan(1));
        return bytes;
    }

    /// <summary>Answers a sync request from the blocks up to a height; each one can be changed on the way.</summary>
    public byte[] Answer(byte[] request, int upTo, Func<(Block Block, IReadOnlyList<Message> Bodies), (Block Block, IReadOnlyList<Message> Bodies)>? change = null)
    {
        ulong from = 0, to = 0;
        var withBodies = false;
        var ids = new HashSet<MessageId>();
        var reader = new ProtoReader(request);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: from = reader.Number; break;
                case 3: to = Math.Min(reader.Number, (ulong)upTo); break;
                case 4: withBodies = reader.Number != 0; break;
                case 5: ids.Add(new MessageId(new Hash32(reader.Bytes))); break;
                default: break;
            }
        }

        var page = new ProtoWriter();
        var chosen = _blocks.Select(made => change?.Invoke(made) ?? made).ToList();
        if (ids.Count > 0)
        {
            // By place and not by id: a changed message keeps the place of the one that was asked for.
            var item = new ProtoWriter();
            foreach (var (made, sent) in _blocks.Zip(chosen).SelectMany(pair => pair.First.Bodies.Zip(pair.Second.Bodies)))
            {
                if (ids.Contains(made.ComputeId()))
                {
                    item.Bytes(2, sent.Encoding.Span);
                }
            }

            return page.Message(1, item).Number(2, 0).Number(3, 0).ToArray();
        }

        for (; from <= to; from++)
        {
            var (block, bodies) = chosen[(int)from];
            var item = new ProtoWriter().Bytes(1, block.Encoding.Span);
            foreach (var body in withBodies ? bodies : [])
            {
                item.Bytes(2, body.Encoding.Span);
            }

            page.Message(1, item);
        }

        return page.Number(2, from).Number(3, 0).ToArray();
    }

    public void Dispose()
    {
        _signer.Dispose();
        _secret.Dispose();
        _sender.Dispose();
    }
}
