using System.Text;
using Kimura.Libp2p;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Encodings;
using Kimura.Libp2p.Gossip;
using Kimura.Libp2p.Identities;
using Kimura.Libp2p.Muxing;
using Kimura.Libp2p.Negotiation;
using Kimura.Libp2p.Noise;
using Kimura.Libp2p.Protocols;
using Kimura.Libp2p.Transports;
using Kimura.Tests.Simulation.Engine;
using Kimura.Tests.Unit.Cryptography;
using Xunit;

namespace Kimura.Tests.Unit.Libp2p;

/// <summary>
/// Random bytes, and good messages with random changes, into each decoder: nothing but its refusal comes out, and what it allocates stays
/// within its bound, which is a multiple of the input and not of what the input claims.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int Rounds = 4000;
    private static readonly byte[] StaticKey = new byte[32];

    [Fact]
    public void Numbers_and_protobuf_fields() => Fuzz(
        [new ProtoWriter().Number(1, ulong.MaxValue).Bytes(2, new byte[20]).Text(3, "text").ToArray(), [0xFF, 0xFF, 0xFF, 0xFF, 0x7F]],
        static bytes =>
        {
            bool read = Uvarint.TryRead(bytes, out ulong value, out int size);
            Assert.True(!read || (size == Uvarint.SizeOf(value) && size <= bytes.Length));
            ProtoReader reader = new(bytes);
            int taken = 0;
            while (reader.Next())
            {
                taken += 1 + reader.Bytes.Length;
                Assert.True(reader.Field is > 0 and < 1 << 29);
            }

            Assert.True(taken <= bytes.Length && !reader.Next());
        },
        perInput: 0,
        most: 200);

    [Fact]
    public void Text_of_peer_ids_and_addresses()
    {
        string id = Hosts.NewIdentity().Id.ToString();
        byte[][] good = [Latin(id), Latin("bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe"), Latin($"/ip6/::1/tcp/80/p2p/{id}")];
        Fuzz(
            good,
            static bytes =>
            {
                string text = Encoding.Latin1.GetString(bytes);
                Assert.True(!Base58.TryDecode(text, out byte[] plain) || Base58.Encode(plain) == text);
                _ = Base32.TryDecode(text, out _);
                Assert.True(!PeerId.TryParse(text, out PeerId peer) || PeerId.Parse(peer.ToString()) == peer);
                Assert.True(!Multiaddress.TryParse(text, out Multiaddress? address) || Multiaddress.Parse(address!.ToString()).Equals(address));
            },
            perInput: 200,
            most: 40_000);
    }

    [Fact]
    public void Peer_ids_addresses_and_keys()
    {
        Identity one = Hosts.NewIdentity(), other = Hosts.NewIdentity(secp256k1: true);
        Multiaddress address = Multiaddress.Parse("/dns4/example.org/tcp/1").WithPeer(one.Id);
        Fuzz(
            [one.Id.Bytes.ToArray(), one.PublicKey.Encoded, other.PublicKey.Encoded, address.Bytes.ToArray()],
            static bytes =>
            {
                Assert.True(!PeerId.TryDecode(bytes, out PeerId peer) || peer.Bytes.SequenceEqual(bytes));
                Assert.True(!Multiaddress.TryDecode(bytes, out Multiaddress? address) || address!.Bytes.SequenceEqual(bytes));
                Assert.True(PublicKey.TryDecode(bytes) is not { } key || key.Encoded.AsSpan().SequenceEqual(bytes));
            },
            perInput: 200,
            most: 20_000);
    }

    [Fact]
    public void Gossip_rpcs()
    {
        Rpc rpc = new();
        rpc.Subscriptions.Add((true, "topic"));
        rpc.Messages.Add(new RpcMessage("topic", new byte[50], Signed: false));
        rpc.Have.Add(("topic", [MessageKey.Of([1])]));
        rpc.Want.Add([MessageKey.Of([1]), MessageKey.Of([2])]);
        rpc.Graft.Add("topic");
        rpc.Prune.Add(("topic", 60));
        Fuzz(
            [rpc.ToFrame()[2..], .. Enumerable.Range(1, 3).Select(field => Repeated((byte)((field << 3) | 2)))],
            static bytes => _ = RpcDecoder.TryDecode(bytes),
            perInput: 120,
            most: 4000);
    }

    [Fact]
    public void Identify_and_noise_payloads()
    {
        using Identity identity = Hosts.NewIdentity(), other = Hosts.NewIdentity(secp256k1: true);
        IdentifyMessage identify = new()
        {
            PublicKey = identity.PublicKey.Encoded,
            ListenAddresses = [Multiaddress.Parse("/ip4/1.2.3.4/tcp/5").WithPeer(identity.Id)],
            Protocols = ["/a/1", "/b/2"],
            Agent = "agent",
        };
        Fuzz(
            [
                identify.ToFrame()[2..],
                NoisePayload.Encode(identity, StaticKey, ["/yamux/1.0.0"]),
                NoisePayload.Encode(other, StaticKey, []),
                Repeated((2 << 3) | 2),
                Repeated((3 << 3) | 2),
            ],
            static bytes =>
            {
                _ = IdentifyMessage.TryDecode(bytes);
                _ = NoisePayload.TryDecode(bytes, StaticKey);
            },
            perInput: 200,
            most: 40_000);
    }

    [Fact]
    public void Multistream_messages_and_frames_behind_a_length() => FuzzStream(
        [
            Multistream.Opening("/ipfs/ping/1.0.0"),
            [.. Multistream.Opening("/no"), .. Multistream.Opening("/ipfs/ping/1.0.0")[20..]],
            [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1, 2, 3],
        ],
        async stream =>
        {
            _ = await Multistream.AcceptAsync(stream, static name => name == "/ipfs/ping/1.0.0", CancellationToken.None);
            while (await stream.ReadFrameAsync(1024 * 1024, CancellationToken.None) is not null)
            {
                // To the end.
            }
        },
        most: 60_000);

    [Fact]
    public void Noise_handshake_messages()
    {
        using Identity identity = Hosts.NewIdentity();
        NoiseUpgrade noise = new(identity, static span => span.Fill(9), ["/yamux/1.0.0"]);
        byte[] first = [0, 32, .. Enumerable.Repeat((byte)5, 32)];
        FuzzStream(
            [[.. first, 0, 200, .. new byte[200]], [0, 96, .. new byte[96]], [0xFF, 0xFF, .. new byte[100]]],
            async stream =>
            {
                _ = await noise.RespondAsync(stream, CancellationToken.None);
                Assert.Fail("nobody can have proved who he is");
            },
            most: 60_000,
            rounds: 400);
        FuzzStream(
            [[0, 200, .. new byte[200]], [0x10, 0, .. new byte[4096]]],
            async stream =>
            {
                _ = await noise.InitiateAsync(stream, default, CancellationToken.None);
                Assert.Fail("nobody can have proved who he is");
            },
            most: 60_000,
            rounds: 400);
    }

    [Fact]
    public void Noise_transport_frames() => FuzzStream(
        [[0, 16, .. new byte[16]], [0xFF, 0xFF, .. new byte[3000]], [0, 0, 0, 1, 7]],
        async stream =>
        {
            CipherState key = new();
            key.SetKey(StaticKey);
            NoiseDuplex sealedStream = new(stream, key, key);
            Assert.Equal(0, await sealedStream.ReadAsync(new byte[10]));
        },
        most: 150_000);

    [Fact]
    public void Yamux_frames()
    {
        byte[][] good =
        [
            Frame(YamuxType.Data, YamuxFlags.Syn, 1, 100, new byte[100]),
            Frame(YamuxType.WindowUpdate, YamuxFlags.Syn, 3, 5000, []),
            [.. Frame(YamuxType.Data, YamuxFlags.Syn | YamuxFlags.Fin, 5, 3, new byte[3]), .. Frame(YamuxType.Ping, YamuxFlags.Syn, 0, 7, [])],
            [.. Frame(YamuxType.WindowUpdate, YamuxFlags.Syn, 7, 0, []), .. Frame(YamuxType.Data, YamuxFlags.Rst, 7, 0, [])],
            Frame(YamuxType.Data, YamuxFlags.Syn, 9, uint.MaxValue, new byte[50]),
            Frame(YamuxType.GoAway, YamuxFlags.None, 0, 0, []),
        ];
        FuzzStream(
            good,
            async stream =>
            {
                YamuxSession session = new(stream, client: false, new YamuxOptions(), new ManualTimeProvider(), static _ => { });
                await session.RunAsync();
                Assert.True(session.Ended.IsCompleted);
                throw session.Cause ?? new Libp2pException(Libp2pFailure.ConnectionClosed, "the end");
            },
            most: 80_000);
    }

    private static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);

    /// <summary>Many entries of one kind, each of two bytes.</summary>
    private static byte[] Repeated(byte tag) => [.. Enumerable.Range(0, 3000).Select(i => i % 2 == 0 ? tag : (byte)0)];

    private static byte[] Frame(YamuxType type, YamuxFlags flags, uint stream, uint length, byte[] data)
    {
        byte[] frame = new byte[YamuxHeader.Size + data.Length];
        new YamuxHeader(type, flags, stream, length).Write(frame);
        data.CopyTo(frame, YamuxHeader.Size);
        return frame;
    }

    private static byte[] Changed(byte[][] good, Random random)
    {
        if (random.Next(4) == 0)
        {
            byte[] noise = new byte[random.Next(300)];
            random.NextBytes(noise);
            return noise;
        }

        byte[] bytes = [.. good[random.Next(good.Length)]];
        for (int changes = random.Next(6); changes > 0; changes--)
        {
            int at = random.Next(bytes.Length);
            bytes[at] = random.Next(3) switch { 0 => 0xFF, 1 => (byte)(bytes[at] ^ (1 << random.Next(8))), _ => (byte)random.Next(256) };
        }

        return random.Next(3) == 0 ? bytes[..random.Next(bytes.Length + 1)] : bytes;
    }

    private void Fuzz(byte[][] good, Action<byte[]> decode, int perInput, long most)
    {
        Random random = Seeds.New(output);
        foreach (byte[] warm in good)
        {
            decode(warm);
        }

        long worst = 0;
        for (int i = 0; i < Rounds; i++)
        {
            byte[] bytes = Changed(good, random);
            long before = GC.GetAllocatedBytesForCurrentThread();
            decode(bytes);
            long taken = GC.GetAllocatedBytesForCurrentThread() - before;
            worst = Math.Max(worst, taken);
            Assert.True(taken <= most + ((long)perInput * bytes.Length), $"{taken} bytes for {Convert.ToHexString(bytes)}");
        }

        output.WriteLine($"{worst} bytes at most");
    }

    private void FuzzStream(byte[][] good, Func<IDuplex, Task> read, long most, int rounds = Rounds)
    {
        Random random = Seeds.New(output);
        World world = new(1, trace: null);
        Life life = new(world, "reader");
        long worst = 0;
        for (int i = -good.Length; i < rounds; i++)
        {
            byte[] bytes = i < 0 ? good[i + good.Length] : Changed(good, random);
            FixedDuplex stream = new(bytes);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                // All of it on this thread, whose allocations are counted.
                Task reading = life.Start(() => read(stream));
                world.Run(world.Time + TimeSpan.FromHours(1), () => reading.IsCompleted);
                Assert.True(reading.IsCompleted, "nothing is left to do, and it has not ended");
                reading.GetAwaiter().GetResult();
            }
            catch (Libp2pException)
            {
                // The documented refusal.
            }

            // The first rounds compile it.
            long taken = GC.GetAllocatedBytesForCurrentThread() - before;
            worst = i < 0 ? 0 : Math.Max(worst, taken);
            Assert.True(i < 0 || taken <= most + (20L * bytes.Length), $"{taken} bytes for {Convert.ToHexString(bytes)}");
        }

        output.WriteLine($"{worst} bytes at most");
    }
}
