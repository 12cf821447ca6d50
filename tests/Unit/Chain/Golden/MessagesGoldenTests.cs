using System.Numerics;
using System.Text.Json.Nodes;
using Kimura.Chain;
using Kimura.Chain.Messages;
using Xunit;

namespace Kimura.Tests.Unit.Chain.Golden;

public sealed class MessagesGoldenTests
{
    private const string FileName = "messages.json";
    private const string ChainId = "kimura-golden";

    private static readonly BigInteger Order =
        BigInteger.Parse("0fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", System.Globalization.NumberStyles.HexNumber);

    [Fact]
    public void Messages_are_as_committed()
    {
        GoldenFile.Check(FileName, new JsonObject
        {
            ["description"] = "Signed messages (protocol section 2). signing_digest is what the sender signs: plain where chain_id is null, else "
                + "keyed with blake3(chain_id); signature is RFC 6979, low-S, r ++ s; message_id = blake3(public_key ++ nonce); "
                + "message_hash = blake3(encoding). refused: encodings of the right shape that must not be accepted on the chain chain_id. "
                + GoldenFile.NumberRule,
            ["messages"] = GoldenFile.Array(
            [
                Signed("empty content, first nonce", null, "alice", 0, 0, []),
                Signed("ASCII content", null, "alice", 1, 1_700_000_000_000, "hello"u8),
                Signed("UTF-8 content", null, "bob", 1UL << 32, 1UL << 53, "grüße, 木村 🌲"u8),
                Signed("content that is not UTF-8", null, "one", 1UL << 63, (1UL << 53) + 1, [0xff, 0xfe, 0x00, 0x80, 0xc3]),
                Signed("content of 1 KiB", null, "largest", 2, 1_700_000_000_001, Counting(1024)),
                Signed("empty content on a chain with an id", ChainId, "alice", 0, 0, []),
                Signed("ASCII content on a chain with an id", ChainId, "alice", 1, 1_700_000_000_000, "hello"u8),
                Signed("UTF-8 content on a chain with an id", ChainId, "carol", (1UL << 32) + 1, 1_700_000_000_002, "grüße, 木村 🌲"u8),
                Signed("content that is not UTF-8 on a chain with an id", ChainId, "bob", 1UL << 63, ulong.MaxValue, [0xff, 0xfe, 0x00, 0x80, 0xc3]),
                Signed("content of 1 KiB on a chain with an id", ChainId, "one", ulong.MaxValue, 1_700_000_000_003, Counting(1024)),
                Signed("one letter on the shortest chain id", "k", "alice", 7, 1_700_000_000_004, "x"u8),
            ]),
            ["refused"] = RefusedMessages(),
        });
    }

    [Fact]
    public void Each_committed_encoding_decodes_to_its_fields_and_has_a_valid_signature()
    {
        foreach (var row in GoldenFile.Read(FileName)["messages"]!.AsArray())
        {
            Assert.True(Message.TryDecode(GoldenFile.ToBytes(row!["encoding"]), ChainParameters.ContentLimit, out var message));
            var parameters = new ChainParameters(row["chain_id"]?.GetValue<string>());
            Assert.Equal(row["public_key"]!.GetValue<string>(), message.Sender.ToString());
            Assert.Equal(GoldenFile.ToNumber(row["nonce"]), message.Nonce);
            Assert.Equal(GoldenFile.ToNumber(row["timestamp"]), message.Timestamp);
            Assert.Equal(GoldenFile.ToBytes(row["content_hex"]), message.Content);
            Assert.Equal(GoldenFile.ToBytes(row["signature"]), message.Signature);
            Assert.True(message.HasValidSignature(parameters));
            Assert.False(message.HasValidSignature(new ChainParameters("another-chain")));
        }
    }

    [Fact]
    public void Refused_messages_are_refused_for_their_signature()
    {
        foreach (var row in GoldenFile.Read(FileName)["refused"]!.AsArray())
        {
            Assert.True(Message.TryDecode(GoldenFile.ToBytes(row!["encoding"]), ChainParameters.ContentLimit, out var message));
            Assert.False(message.HasValidSignature(new ChainParameters(row["chain_id"]?.GetValue<string>())), row["why"]!.GetValue<string>());
        }
    }

    private static JsonObject Signed(string name, string? chainId, string sender, ulong nonce, ulong timestamp, ReadOnlySpan<byte> content)
    {
        var parameters = new ChainParameters(chainId);
        using var key = TestKeys.Private(sender);
        var encoding = MessageSigner.Sign(parameters, key, nonce, content);
        Message.Stamp(encoding, timestamp);
        Assert.True(Message.TryDecode(encoding, parameters.MaxContent, out var message));
        var digest = new byte[Hash32.Size];
        Message.SigningDigest(parameters, message.Sender.ToArray(), nonce, content, digest);
        return new JsonObject
        {
            ["name"] = name,
            ["chain_id"] = chainId,
            ["private_key"] = TestKeys.Secret(sender),
            ["public_key"] = message.Sender.ToString(),
            ["nonce"] = GoldenFile.Number(nonce),
            ["timestamp"] = GoldenFile.Number(timestamp),
            ["content_hex"] = Convert.ToHexStringLower(content),
            ["signing_digest"] = Convert.ToHexStringLower(digest),
            ["signature"] = Convert.ToHexStringLower(message.Signature),
            ["message_id"] = message.ComputeId().ToString(),
            ["message_hash"] = message.ComputeHash().ToString(),
            ["encoding"] = Convert.ToHexStringLower(encoding),
        };
    }

    private static JsonArray RefusedMessages()
    {
        using var key = TestKeys.Private("alice");
        var good = MessageSigner.Sign(new ChainParameters(ChainId), key, 3, "signed"u8);
        var plain = MessageSigner.Sign(new ChainParameters(), key, 3, "signed"u8);
        Assert.True(Message.TryDecode(good, ChainParameters.ContentLimit, out var message));
        var signatureAt = Message.HeaderSize - 4 - Signature.Size;
        var highS = With(good, signatureAt, HighS(message.Signature));
        return GoldenFile.Array(
        [
            Refused(highS, "the signature's s is above half the group order"),
            Refused(plain, "signed for a chain without an id"),
            Refused(With(good, signatureAt + 1, [(byte)(good[signatureAt + 1] ^ 1)]), "one bit of the signature flipped"),
            Refused(With(good, good.Length - 1, "D"u8), "another content than the one signed"),
            Refused(With(good, PublicKey.Size + 7, [4]), "another nonce than the one signed"),
            Refused(With(good, 0, TestKeys.Public("bob").ToArray()), "another sender than the one who signed"),
            Refused(With(good, 0, Convert.FromHexString("02" + new string('0', 63) + "5")), "the public key is not a point of the curve"),
            Refused(With(good, signatureAt, new byte[Signature.Size]), "the signature is all zero"),
        ]);
    }

    private static JsonObject Refused(byte[] encoding, string why) =>
        new() { ["why"] = why, ["chain_id"] = ChainId, ["encoding"] = Convert.ToHexStringLower(encoding) };

    private static byte[] With(byte[] encoding, int at, ReadOnlySpan<byte> bytes)
    {
        var changed = encoding.ToArray();
        bytes.CopyTo(changed.AsSpan(at));
        return changed;
    }

    private static byte[] HighS(ReadOnlySpan<byte> signature)
    {
        var high = signature.ToArray();
        var s = Order - new BigInteger(signature[32..], isUnsigned: true, isBigEndian: true);
        var bytes = s.ToByteArray(isUnsigned: true, isBigEndian: true);
        high.AsSpan(32).Clear();
        bytes.CopyTo(high, high.Length - bytes.Length);
        return high;
    }

    private static byte[] Counting(int count) => [.. Enumerable.Range(0, count).Select(i => (byte)(i % 251))];
}
