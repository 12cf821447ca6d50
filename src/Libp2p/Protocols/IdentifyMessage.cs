using System.Text;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Encodings;

namespace Kimura.Libp2p.Protocols;

/// <summary>What peers tell each other of themselves (libp2p/specs, identify). Null means not said.</summary>
internal sealed record IdentifyMessage
{
    private const int MaxAddresses = 64;
    private const int MaxProtocols = 256;
    private const int MaxName = 256;

    public byte[]? PublicKey { get; init; }

    public IReadOnlyList<Multiaddress> ListenAddresses { get; init; } = [];

    public IReadOnlyList<string> Protocols { get; init; } = [];

    public Multiaddress? ObservedAddress { get; init; }

    public string? ProtocolVersion { get; init; }

    public string? Agent { get; init; }

    /// <summary>Null where it is malformed; addresses that are not understood and lists beyond the limits are left out.</summary>
    public static IdentifyMessage? TryDecode(ReadOnlySpan<byte> bytes)
    {
        byte[]? key = null;
        Multiaddress? observed = null;
        string? version = null, agent = null;
        List<Multiaddress> addresses = [];
        List<string> protocols = [];
        ProtoReader reader = new(bytes);
        while (reader.Next())
        {
            if (reader.Wire != ProtoWire.Bytes)
            {
                continue;
            }

            switch (reader.Field)
            {
                case 1:
                    key = reader.Bytes.Length <= Identities.PublicKey.MaxEncoded ? reader.Bytes.ToArray() : [];
                    break;
                case 2 when addresses.Count < MaxAddresses && Multiaddress.TryDecode(reader.Bytes, out Multiaddress? address):
                    addresses.Add(address!);
                    break;
                case 3 when protocols.Count < MaxProtocols && reader.Bytes.Length <= MaxName:
                    protocols.Add(Encoding.UTF8.GetString(reader.Bytes));
                    break;
                case 4:
                    _ = Multiaddress.TryDecode(reader.Bytes, out observed);
                    break;
                case 5:
                    version = Name(reader.Bytes);
                    break;
                case 6:
                    agent = Name(reader.Bytes);
                    break;
                default:
                    break;
            }
        }

        return reader.Failed
            ? null
            : new IdentifyMessage
            {
                PublicKey = key,
                ListenAddresses = addresses,
                Protocols = protocols,
                ObservedAddress = observed,
                ProtocolVersion = version,
                Agent = agent,
            };
    }

    /// <summary>The message after its length.</summary>
    public byte[] ToFrame()
    {
        ProtoWriter writer = new();
        if (PublicKey is not null)
        {
            writer.Bytes(1, PublicKey);
        }

        foreach (Multiaddress address in ListenAddresses)
        {
            writer.Bytes(2, address.Bytes);
        }

        foreach (string protocol in Protocols)
        {
            writer.Text(3, protocol);
        }

        if (ObservedAddress is not null)
        {
            writer.Bytes(4, ObservedAddress.Bytes);
        }

        writer.Text(5, ProtocolVersion ?? string.Empty).Text(6, Agent ?? string.Empty);
        return writer.ToFrame();
    }

    /// <summary>What is said later counts; what is not said stays.</summary>
    public IdentifyMessage MergedWith(IdentifyMessage later) => new()
    {
        PublicKey = later.PublicKey ?? PublicKey,
        ListenAddresses = later.ListenAddresses.Count > 0 ? later.ListenAddresses : ListenAddresses,
        Protocols = later.Protocols.Count > 0 ? later.Protocols : Protocols,
        ObservedAddress = later.ObservedAddress ?? ObservedAddress,
        ProtocolVersion = later.ProtocolVersion ?? ProtocolVersion,
        Agent = later.Agent ?? Agent,
    };

    private static string Name(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, MaxName)]);
}
