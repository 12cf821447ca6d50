using System.Text.Json;
using Kimura.Cryptography;
using Kimura.Libp2p.Noise;
using Xunit;

namespace Kimura.Tests.Unit.Libp2p;

public sealed class NoiseTests
{
    [Fact]
    public void Public_vectors_are_met_message_by_message()
    {
        using JsonDocument file = Vectors.Json("noise_xx.json");
        int applied = 0;
        foreach (JsonElement vector in file.RootElement.GetProperty("vectors").EnumerateArray())
        {
            using NoiseHandshake initiator = Start(vector, "init"), responder = Start(vector, "resp");
            JsonElement[] messages = [.. vector.GetProperty("messages").EnumerateArray()];
            for (int i = 0; i < 3; i++)
            {
                (NoiseHandshake writer, NoiseHandshake reader) = i == 1 ? (responder, initiator) : (initiator, responder);
                byte[] payload = Hex(messages[i], "payload"), message = writer.Write(payload);
                Assert.Equal(Hex(messages[i], "ciphertext"), message);
                Assert.Equal(payload, reader.Read(message));
            }

            Assert.Equal(Hex(vector, "handshake_hash"), initiator.Hash.ToArray());
            Assert.Equal(Hex(vector, "handshake_hash"), responder.Hash.ToArray());
            (CipherState send, CipherState receive) first = initiator.Split(), second = responder.Split();
            for (int i = 3; i < messages.Length; i++)
            {
                (CipherState seal, CipherState open) = i % 2 == 1 ? (second.send, first.receive) : (first.send, second.receive);
                byte[] plain = Hex(messages[i], "payload"), opened = new byte[plain.Length];
                byte[] output = new byte[plain.Length + CipherState.TagSize];
                Assert.Equal(output.Length, seal.Seal(plain, output, default));
                Assert.Equal(Hex(messages[i], "ciphertext"), output);
                Assert.Equal(plain.Length, open.Open(output, opened, default));
                Assert.Equal(plain, opened);
            }

            applied++;
        }

        Assert.True(applied > 0);
    }

    [Fact]
    public void Low_order_key_and_changed_bytes_end_the_handshake()
    {
        using NoiseHandshake responder = Fresh(initiator: false), initiator = Fresh(initiator: true);
        Assert.NotNull(responder.Read(new byte[32]));
        Assert.Throws<Kimura.Libp2p.Libp2pException>(() => responder.Write([]));
        using NoiseHandshake other = Fresh(initiator: false);
        Assert.NotNull(other.Read(initiator.Write([])));
        byte[] answer = other.Write([1, 2, 3]);
        answer[^1] ^= 1;
        Assert.Null(initiator.Read(answer));
        Assert.Null(Fresh(initiator: false).Read(new byte[31]));
    }

    private static NoiseHandshake Fresh(bool initiator)
    {
        byte[] one = new byte[32], two = new byte[32];
        one[1] = initiator ? (byte)1 : (byte)2;
        two[1] = initiator ? (byte)3 : (byte)4;
        return new NoiseHandshake(initiator, X25519PrivateKey.FromBytes(one), X25519PrivateKey.FromBytes(two), []);
    }

    private static NoiseHandshake Start(JsonElement vector, string side) => new(
        side == "init",
        X25519PrivateKey.FromBytes(Hex(vector, $"{side}_static")),
        X25519PrivateKey.FromBytes(Hex(vector, $"{side}_ephemeral")),
        Hex(vector, $"{side}_prologue"));

    private static byte[] Hex(JsonElement parent, string name) => Convert.FromHexString(parent.GetProperty(name).GetString()!);
}
