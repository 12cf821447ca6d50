using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Encodings;
using Kimura.Libp2p.Gossip;
using Kimura.Libp2p.Identities;
using Kimura.Tests.Unit.Cryptography;
using Xunit;

namespace Kimura.Tests.Unit.Libp2p;

public sealed class CodecTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(
        "080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e",
        "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq")]
    [InlineData(
        "08021221037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99",
        "16Uiu2HAmLhLvBoYaoZfaMUKuibM6ac163GwKY74c5kiSLg5KvLpY")]
    public void Peer_id_of_a_key_is_as_elsewhere(string key, string id)
    {
        PublicKey decoded = PublicKey.TryDecode(Convert.FromHexString(key))!;
        Assert.Equal(id, decoded.Id.ToString());
        Assert.Equal(decoded.Id, PeerId.Parse(id));
        Assert.True(PeerId.TryDecode(decoded.Id.Bytes, out PeerId again) && again == decoded.Id);
        Assert.Null(PublicKey.TryDecode([.. Convert.FromHexString(key), 0x18, 0x01]));
    }

    [Fact]
    public void Content_id_form_of_a_peer_id_is_read() => Assert.Equal(
        PeerId.Parse("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"),
        PeerId.Parse("bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe"));

    [Theory]
    [InlineData("/ip4/127.0.0.1/tcp/4001", "047f000001060fa1")]
    [InlineData("/ip6/::1/tcp/80", "2900000000000000000000000000000001060050")]
    [InlineData("/dns4/example.org/tcp/1", "360b6578616d706c652e6f7267060001")]
    [InlineData("/ip4/1.2.3.4/udp/1/quic-v1", "0401020304910200" + "01cd03")]
    public void Addresses_have_both_forms(string text, string hex)
    {
        Multiaddress address = Multiaddress.Parse(text);
        Assert.Equal(hex, Convert.ToHexStringLower(address.Bytes));
        Assert.True(Multiaddress.TryDecode(Convert.FromHexString(hex), out Multiaddress? decoded));
        Assert.Equal(address, decoded);
        Assert.Equal(text, decoded!.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/ip4/1.2.3/tcp/1")]
    [InlineData("/ip4/1.2.3.4/tcp/65536")]
    [InlineData("/ip4/1.2.3.4/tcp")]
    [InlineData("/nothing/1")]
    [InlineData("/dns4/a b/tcp/1")]
    [InlineData("/ip4/1.2.3.4/tcp/1/p2p/zzz")]
    public void What_is_no_address_is_refused(string text) => Assert.False(Multiaddress.TryParse(text, out _));

    [Fact]
    public void Numbers_are_read_in_their_shortest_form_only()
    {
        Assert.False(Uvarint.TryRead([0x81, 0x00], out _, out _));
        Assert.False(Uvarint.TryRead([0x80], out _, out _));
        Assert.False(Uvarint.TryRead([.. Enumerable.Repeat((byte)0xFF, 9), 1], out _, out _));
        Random random = Seeds.New(output);
        byte[] buffer = new byte[Uvarint.MaxSize];
        for (int i = 0; i < 10_000; i++)
        {
            ulong value = (ulong)random.NextInt64() >> random.Next(63);
            int size = Uvarint.Write(buffer, value);
            Assert.Equal(size, Uvarint.SizeOf(value));
            Assert.True(Uvarint.TryRead(buffer, out ulong read, out int taken));
            Assert.Equal((value, size), (read, taken));
        }
    }

    [Fact]
    public void Rpc_comes_back_as_it_was_and_signed_messages_are_told()
    {
        Rpc rpc = new();
        rpc.Subscriptions.Add((true, "a"));
        rpc.Messages.Add(new RpcMessage("a", new byte[] { 1, 2 }, Signed: false));
        rpc.Have.Add(("a", [MessageKey.Of([1])]));
        rpc.Want.Add([MessageKey.Of([2]), MessageKey.Of([3])]);
        rpc.Graft.Add("a");
        rpc.Prune.Add(("a", 60));
        byte[] frame = rpc.ToFrame();
        Rpc decoded = RpcDecoder.TryDecode(frame.AsMemory(frame.Length > 128 ? 2 : 1))!;
        Assert.Equal(rpc.Subscriptions, decoded.Subscriptions);
        Assert.Equal(rpc.Messages[0].Data.ToArray(), decoded.Messages[0].Data.ToArray());
        Assert.Equal(rpc.Have[0].Ids, decoded.Have[0].Ids);
        Assert.Equal(rpc.Want[0], decoded.Want[0]);
        Assert.Equal(rpc.Graft, decoded.Graft);
        Assert.Equal(rpc.Prune, decoded.Prune);
        byte[] signed = new ProtoWriter().Message(2, new ProtoWriter().Bytes(1, [1]).Bytes(2, [2]).Text(4, "a")).ToArray();
        Assert.True(RpcDecoder.TryDecode(signed)!.Messages[0].Signed);
    }

    [Fact]
    public void Rpc_with_too_many_entries_is_refused()
    {
        ProtoWriter rpc = new(), have = new ProtoWriter().Text(1, "a");
        for (int i = 0; i < 5001; i++)
        {
            have.Bytes(2, [1]);
        }

        Assert.Null(RpcDecoder.TryDecode(rpc.Message(3, new ProtoWriter().Message(1, have)).ToArray()));
    }
}
