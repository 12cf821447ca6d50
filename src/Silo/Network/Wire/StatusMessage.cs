using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Encodings;
using Kimura.Libp2p.Identities;

namespace Kimura.Silo.Network.Wire;

/// <summary>The answer of <c>/kimura/status/1.0.0</c>.</summary>
internal sealed record StatusMessage(
    Hash32 GenesisHash, string? ChainId, BlockHeader Tip, PublicKey? LeaderKey, LeaderRecord? Leader)
{
    public byte[] Encode()
    {
        var writer = new ProtoWriter();
        writer.Bytes(1, GenesisHash.ToArray());
        if (ChainId is not null)
        {
            writer.Text(2, ChainId);
        }

        writer.Bytes(3, BlockAnnouncement.Encode(Block.Version, Tip));
        if (LeaderKey is { } key)
        {
            writer.Bytes(4, key.ToArray());
        }

        if (Leader is not null)
        {
            writer.Bytes(5, Leader.Peer.Bytes);
            foreach (var address in Leader.Addresses)
            {
                writer.Bytes(6, address.Bytes);
            }

            writer.Bytes(7, Leader.Signature.Span);
        }

        return writer.ToArray();
    }

    /// <summary>Null where the bytes are no status. Addresses of kinds that are not known here are left out.</summary>
    public static StatusMessage? Decode(ReadOnlySpan<byte> bytes)
    {
        Hash32? genesis = null;
        string? chainId = null;
        BlockHeader? tip = null;
        PublicKey? leaderKey = null;
        PeerId peer = default;
        byte[] signature = [];
        var addresses = new List<Multiaddress>();
        var reader = new ProtoReader(bytes);
        while (reader.Next())
        {
            var value = reader.Bytes;
            var isRight = reader.Wire != ProtoWire.Bytes || reader.Field switch
            {
                1 => value.Length == Hash32.Size,
                2 => ChainParameters.IsValidChainId(System.Text.Encoding.UTF8.GetString(value)),
                3 => BlockAnnouncement.TryDecode(Block.Version, value, out _),
                4 => value.Length == PublicKey.Size,
                5 => PeerId.TryDecode(value, out peer),
                6 => addresses.Count < WireFormat.MaxAddresses,
                7 => value.Length == Signature.Size,
                _ => true,
            };
            if (!isRight)
            {
                return null;
            }

            switch (reader.Wire == ProtoWire.Bytes ? reader.Field : 0)
            {
                case 1: genesis = new Hash32(value); break;
                case 2: chainId = System.Text.Encoding.UTF8.GetString(value); break;
                case 3: tip = BlockHeader.Read(value[1..]); break;
                case 4: leaderKey = new PublicKey(value); break;
                case 6 when Multiaddress.TryDecode(value, out var address): addresses.Add(address!); break;
                case 7: signature = value.ToArray(); break;
                default: break;
            }
        }

        if (reader.Failed || genesis is null || tip is null)
        {
            return null;
        }

        var leader = peer.IsEmpty || signature.Length == 0 ? null : new LeaderRecord(peer, [.. addresses], signature);
        return new StatusMessage(genesis.Value, chainId, tip.Value, leaderKey, leader);
    }
}

/// <summary>Where the leader is, and its signature that says so (fields 5 to 7 of a status).</summary>
internal sealed record LeaderRecord(PeerId Peer, IReadOnlyList<Multiaddress> Addresses, ReadOnlyMemory<byte> Signature);
