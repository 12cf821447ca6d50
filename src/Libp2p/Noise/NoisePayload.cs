using System.Text;
using Kimura.Libp2p.Encodings;
using Kimura.Libp2p.Identities;

namespace Kimura.Libp2p.Noise;

/// <summary>What the second and third handshake messages carry (libp2p/specs, noise): who speaks, the proof, the muxers.</summary>
internal sealed record NoisePayload(PublicKey Key, IReadOnlyList<string> Muxers)
{
    private const int MaxMuxers = 16;
    private static readonly byte[] Prefix = Encoding.ASCII.GetBytes("noise-libp2p-static-key:");

    public static byte[] Encode(Identity identity, ReadOnlySpan<byte> staticKey, IReadOnlyList<string> muxers)
    {
        ProtoWriter extensions = new();
        foreach (string muxer in muxers)
        {
            extensions.Text(2, muxer);
        }

        return new ProtoWriter()
            .Bytes(1, identity.PublicKey.Encoded)
            .Bytes(2, identity.Sign([.. Prefix, .. staticKey]))
            .Message(4, extensions)
            .ToArray();
    }

    /// <summary>Null where it is malformed, the key is of a kind not spoken here, or the signature does not fit the static key.</summary>
    public static NoisePayload? TryDecode(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> staticKey)
    {
        ReadOnlySpan<byte> key = default, signature = default, extensions = default;
        ProtoReader reader = new(bytes);
        while (reader.Next())
        {
            if (reader.IsBytes(1))
            {
                key = reader.Bytes;
            }
            else if (reader.IsBytes(2))
            {
                signature = reader.Bytes;
            }
            else if (reader.IsBytes(4))
            {
                extensions = reader.Bytes;
            }
        }

        List<string> muxers = [];
        ProtoReader inner = new(extensions);
        while (inner.Next())
        {
            if (inner.IsBytes(2) && muxers.Count < MaxMuxers)
            {
                muxers.Add(Encoding.UTF8.GetString(inner.Bytes));
            }
        }

        return !reader.Failed && !inner.Failed
            && PublicKey.TryDecode(key) is { } publicKey
            && publicKey.Verify([.. Prefix, .. staticKey], signature)
                ? new NoisePayload(publicKey, muxers)
                : null;
    }
}
