using FsCheck.Fluent;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Tests.Unit.Chain.Golden;
using Xunit;

namespace Kimura.Tests.Unit.Chain;

public sealed class EncodingTests(ITestOutputHelper output)
{
    private static readonly GoldenChain Made = GoldenChain.WithId();
    private static readonly ProducerSchedule Producers = new(TestKeys.Public("leader"));

    private static (Block Block, IReadOnlyList<Message> Bodies) Third => Made.Blocks[2];

    [Fact]
    public void Messages_come_back_as_they_were_written()
    {
        var bytes = Gen.Choose(0, 255).Select(i => (byte)i);
        var numbers = bytes.ArrayOf(8).Select(eight => BitConverter.ToUInt64(eight));
        var lengths = Gen.OneOf(Gen.Constant(0), Gen.Choose(0, 300), Gen.Constant(ChainParameters.ContentLimit));
        var messages = from length in lengths
                       from fill in bytes
                       from head in bytes.ArrayOf(PublicKey.Size + Signature.Size)
                       from nonce in numbers
                       from timestamp in numbers
                       select (Head: head, nonce, timestamp, Content: Enumerable.Range(0, length).Select(i => (byte)((i & 0xff) ^ fill)).ToArray());
        Properties.Check(output, messages, 300, made =>
        {
            var encoding = new byte[Message.EncodedSize(made.Content.Length)];
            Message.Encode(encoding, made.Head.AsSpan(0, 33), made.nonce, made.timestamp, made.Head.AsSpan(33), made.Content);
            Assert.True(Message.TryDecode(encoding, ChainParameters.ContentLimit, out var read));
            Assert.Equal(new PublicKey(made.Head.AsSpan(0, 33)), read.Sender);
            Assert.Equal((made.nonce, made.timestamp), (read.Nonce, read.Timestamp));
            Assert.Equal(made.Head.AsSpan(33), read.Signature);
            Assert.Equal(made.Content, read.Content);
            Assert.Equal(Message.IdOf(read.Sender, made.nonce), read.ComputeId());
        });
    }

    [Fact]
    public void Blocks_come_back_as_they_were_written()
    {
        var bytes = Gen.Choose(0, 255).Select(i => (byte)i);
        var blocks = from header in bytes.ArrayOf(BlockHeader.Size)
                     from count in Gen.Choose(0, 20)
                     from entries in bytes.ArrayOf(count * MerkleTree.EntrySize)
                     select (header, entries);
        Properties.Check(output, blocks, 300, made =>
        {
            var header = BlockHeader.Read(made.header);
            var again = new byte[BlockHeader.Size];
            header.WriteTo(again);
            Assert.Equal(made.header, again);
            var block = Block.Create(header, made.entries);
            Assert.Equal(BlockShape.WellFormed, Block.TryDecode(block.Encoding, 20, out var read));
            Assert.Equal(block.Encoding, read!.Encoding);
            Assert.Equal((header, block.Hash, block.Count), (read.Header, read.Hash, read.Count));
            Assert.Equal(made.entries, read.Entries);
        });
    }

    [Fact]
    public void Every_flipped_bit_of_a_block_is_refused_for_what_it_spoils()
    {
        // Byte ranges of the encoding, in order, each with the verdict for a flipped bit in it.
        (string Field, int Bytes, Verdict Verdict)[] fields =
        [
            ("version", 1, Verdict.Malformed), ("height", 8, Verdict.BadSignature), ("timestamp", 8, Verdict.BadSignature),
            ("prev_hash", 32, Verdict.BadSignature), ("message_root", 32, Verdict.BadRoot), ("producer_pubkey", 33, Verdict.BadProducer),
            ("producer_sig", 64, Verdict.BadSignature), ("message_count", 4, Verdict.Malformed), ("list", 3 * MerkleTree.EntrySize, Verdict.BadRoot),
        ];
        var bytes = Third.Block.Encoding.ToArray();
        Assert.Equal(bytes.Length, fields.Sum(field => field.Bytes));
        Assert.Equal(Verdict.Ok, BlockVerifier.CheckSelf(bytes, Made.Parameters, Producers, out _));
        var at = 0;
        foreach (var (field, length, verdict) in fields)
        {
            for (var bit = at * 8; bit < (at + length) * 8; bit++)
            {
                var flipped = Flip(bytes, bit);
                Assert.True(verdict == BlockVerifier.CheckSelf(flipped, Made.Parameters, Producers, out var block), $"{field}, bit {bit}");
                Assert.Null(block);
            }

            at += length;
        }
    }

    [Fact]
    public void Every_flipped_bit_of_a_body_is_refused()
    {
        for (var index = 0; index < Third.Bodies.Count; index++)
        {
            var bytes = Third.Bodies[index].Encoding.ToArray();
            for (var bit = 0; bit < bytes.Length * 8; bit++)
            {
                if (Message.TryDecode(Flip(bytes, bit), ChainParameters.ContentLimit, out var changed))
                {
                    var bodies = Third.Bodies.ToList();
                    bodies[index] = changed;
                    var check = BodyVerifier.CheckBodies(Third.Block, bodies, 0, bodies.Count, Made.Parameters);
                    Assert.Equal(new BodyCheck(Verdict.BadMessage, index, WrongDelivery: true), check);
                }
            }
        }
    }

    [Fact]
    public void Every_flipped_bit_of_a_submission_but_the_leaders_stamp_is_refused()
    {
        var bytes = Third.Bodies[1].Encoding.ToArray();
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var accepted = Message.TryDecode(Flip(bytes, bit), ChainParameters.ContentLimit, out var changed)
                && changed.HasValidSignature(Made.Parameters);
            var stamp = bit / 8 is >= PublicKey.Size + 8 and < PublicKey.Size + 16;
            Assert.True(accepted == stamp, $"bit {bit}");
        }
    }

    [Fact]
    public void Truncated_and_longer_messages_are_refused()
    {
        var bytes = Third.Bodies[1].Encoding.ToArray();
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.False(Message.TryDecode(bytes.AsMemory(0, length), ChainParameters.ContentLimit, out _));
            Assert.False(Message.TryReadFirst(bytes.AsMemory(0, length), ChainParameters.ContentLimit, out _));
        }

        byte[] longer = [.. bytes, 0];
        Assert.False(Message.TryDecode(longer, ChainParameters.ContentLimit, out _));
        Assert.True(Message.TryReadFirst(longer, ChainParameters.ContentLimit, out var first));
        Assert.Equal(bytes, first.Encoding.ToArray());
    }

    [Fact]
    public void Truncated_and_longer_blocks_are_malformed()
    {
        var bytes = Third.Block.Encoding.ToArray();
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(BlockShape.Malformed, Block.TryDecode(bytes.AsMemory(0, length), 10, out var none));
            Assert.Null(none);
        }

        Assert.Equal(BlockShape.Malformed, Block.TryDecode((byte[])[.. bytes, 0], 10, out _));
        Assert.Equal(BlockShape.Malformed, Block.TryDecode((byte[])[.. bytes, .. new byte[MerkleTree.EntrySize]], 10, out _));
        Assert.Equal(BlockShape.TooLarge, Block.TryDecode(bytes, 2, out _));
        Assert.Equal(BlockShape.WellFormed, Block.TryDecode(bytes, 3, out _));
    }

    [Fact]
    public void Content_over_the_limit_is_not_read()
    {
        using var key = TestKeys.Private("alice");
        var encoding = MessageSigner.Sign(Made.Parameters, key, 0, new byte[11]);
        Assert.True(Message.TryDecode(encoding, 11, out _));
        Assert.False(Message.TryDecode(encoding, 10, out _));
        encoding.AsSpan(Message.HeaderSize - 4, 4).Fill(0xff);
        Assert.False(Message.TryReadFirst(encoding, ChainParameters.ContentLimit, out _));
    }

    [Fact]
    public void Encoding_parts_of_a_wrong_length_is_a_bug()
    {
        var room = new byte[Message.EncodedSize(2)];
        Assert.Throws<ArgumentException>(() => Message.Encode(room, new byte[32], 0, 0, new byte[64], "ab"u8));
        Assert.Throws<ArgumentException>(() => Message.Encode(room, new byte[33], 0, 0, new byte[63], "ab"u8));
        Assert.Throws<ArgumentException>(() => Message.Encode(room, new byte[33], 0, 0, new byte[64], "a"u8));
        Assert.Throws<ArgumentException>(() => Message.Encode(room, new byte[33], 0, 0, new byte[64], "abc"u8));
        Assert.Throws<ArgumentException>(() => Block.Create(default, new byte[MerkleTree.EntrySize + 1]));
    }

    [Fact]
    public void The_digest_over_encodings_shows_any_change()
    {
        var whole = new EncodingDigest();
        Assert.Equal(Made.Parameters.Genesis.Header.MessageRoot == whole.Current(), Made.Parameters.ChainId is null);
        whole.Add(Made.Blocks[0].Block);
        var one = whole.Current();
        Assert.Equal(one, whole.Current());
        whole.Add(Made.Blocks[1].Block);
        Assert.NotEqual(one, whole.Current());
        var again = new EncodingDigest();
        again.Add(Made.Blocks[0].Block);
        Assert.Equal(one, again.Current());
    }

    private static byte[] Flip(byte[] bytes, int bit)
    {
        byte[] flipped = [.. bytes];
        flipped[bit / 8] ^= (byte)(1 << (bit % 8));
        return flipped;
    }
}
