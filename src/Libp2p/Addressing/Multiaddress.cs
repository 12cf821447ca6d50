using System.Globalization;
using System.Net;
using Kimura.Libp2p.Encodings;
using Kimura.Libp2p.Identities;

namespace Kimura.Libp2p.Addressing;

/// <summary>
/// An address in parts, as <c>/ip4/127.0.0.1/tcp/4001/p2p/12D3Koo…</c> (multiformats/multiaddr). Immutable; equal where the bytes are.
/// Parts of unknown protocols are refused.
/// </summary>
public sealed class Multiaddress : IEquatable<Multiaddress>
{
    /// <summary>Most bytes of an address.</summary>
    public const int MaxSize = 512;

    private const int MaxParts = 8;
    private const int MaxText = 1024;
    private readonly AddressPart[] _parts;
    private readonly byte[] _bytes;

    private Multiaddress(AddressPart[] parts)
    {
        _parts = parts;
        List<byte> bytes = [];
        foreach (AddressPart part in parts)
        {
            part.WriteTo(bytes);
        }

        _bytes = [.. bytes];
    }

    /// <summary>The binary form.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>The last <c>/p2p</c> part, or the empty id.</summary>
    public PeerId Peer => Array.FindLast(_parts, part => part.Protocol == AddressProtocol.P2p) is { Raw: { } raw }
        ? PeerId.FromMultihash(raw)
        : default;

    /// <summary>The address of an IP endpoint over TCP.</summary>
    public static Multiaddress Tcp(IPAddress address, int port)
    {
        IPAddress plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        AddressProtocol family = plain.GetAddressBytes().Length == 4 ? AddressProtocol.Ip4 : AddressProtocol.Ip6;
        return new Multiaddress(
            [
                AddressPart.FromRaw(family, plain.GetAddressBytes())!.Value,
                AddressPart.FromRaw(AddressProtocol.Tcp, [(byte)(port >> 8), (byte)(port & 0xFF)])!.Value,
            ]);
    }

    /// <summary>Parses text.</summary>
    public static bool TryParse(string? text, out Multiaddress? address)
    {
        address = null;
        if (text is null || text.Length is < 2 or > MaxText || text[0] != '/')
        {
            return false;
        }

        string[] words = text[1..].TrimEnd('/').Split('/');
        List<AddressPart> parts = [];
        for (int i = 0; i < words.Length;)
        {
            if (!AddressPart.TryName(words[i++], out AddressProtocol protocol) || parts.Count == MaxParts)
            {
                return false;
            }

            string? value = !AddressPart.HasValue(protocol) ? string.Empty : i < words.Length ? words[i++] : null;
            if (value is null || AddressPart.FromText(protocol, value) is not { } part)
            {
                return false;
            }

            parts.Add(part);
        }

        address = new Multiaddress([.. parts]);
        return true;
    }

    /// <summary>As <see cref="TryParse"/>.</summary>
    /// <exception cref="FormatException">Not an address.</exception>
    public static Multiaddress Parse(string text) =>
        TryParse(text, out Multiaddress? address) ? address! : throw new FormatException($"'{text}' is not a multiaddress.");

    /// <summary>Parses the binary form.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out Multiaddress? address)
    {
        address = null;
        if (bytes.Length is 0 or > MaxSize)
        {
            return false;
        }

        List<AddressPart> parts = [];
        while (!bytes.IsEmpty)
        {
            if (parts.Count == MaxParts || !TryPart(ref bytes, out AddressPart part))
            {
                return false;
            }

            parts.Add(part);
        }

        address = new Multiaddress([.. parts]);
        return true;
    }

    /// <summary>This address with the peer's id at the end.</summary>
    public Multiaddress WithPeer(PeerId id) =>
        new([.. _parts.Where(part => part.Protocol != AddressProtocol.P2p), AddressPart.FromRaw(AddressProtocol.P2p, id.Bytes)!.Value]);

    /// <summary>This address without the peer's id.</summary>
    public Multiaddress WithoutPeer() => new([.. _parts.Where(part => part.Protocol != AddressProtocol.P2p)]);

    /// <inheritdoc />
    public bool Equals(Multiaddress? other) => other is not null && _bytes.AsSpan().SequenceEqual(other._bytes);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as Multiaddress);

    /// <inheritdoc />
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(_bytes);
        return hash.ToHashCode();
    }

    /// <summary>The text form.</summary>
    public override string ToString() =>
        string.Concat(_parts.Select(part => AddressPart.HasValue(part.Protocol) ? $"/{part.Name}/{part.Value}" : $"/{part.Name}"));

    /// <summary>Host and port where this is plain TCP, with or without a peer id: an IP address or a name to look up.</summary>
    internal bool TryTcp(out string host, out int port, out AddressProtocol kind)
    {
        bool plain = _parts.Length is 2 or 3
            && _parts[0].Protocol is AddressProtocol.Ip4 or AddressProtocol.Ip6
                or AddressProtocol.Dns or AddressProtocol.Dns4 or AddressProtocol.Dns6
            && _parts[1].Protocol == AddressProtocol.Tcp
            && (_parts.Length == 2 || _parts[2].Protocol == AddressProtocol.P2p);
        host = plain ? _parts[0].Value : string.Empty;
        port = plain ? int.Parse(_parts[1].Value, CultureInfo.InvariantCulture) : 0;
        kind = plain ? _parts[0].Protocol : default;
        return plain;
    }

    /// <summary>What limits by address count as one: an IPv4 address, an IPv6 /64, or the whole of another address.</summary>
    internal string LimitKey() => _parts[0].Protocol switch
    {
        AddressProtocol.Ip4 => _parts[0].Value,
        AddressProtocol.Ip6 => Convert.ToHexString(_parts[0].Raw.AsSpan(0, 8)),
        _ => _parts[0].ToString(),
    };

    private static bool TryPart(ref ReadOnlySpan<byte> bytes, out AddressPart part)
    {
        part = default;
        if (!Uvarint.TryRead(bytes, out ulong code, out int size) || code > int.MaxValue || !Enum.IsDefined((AddressProtocol)code))
        {
            return false;
        }

        bytes = bytes[size..];
        AddressProtocol protocol = (AddressProtocol)code;
        int length = AddressPart.FixedSize(protocol);
        if (length < 0)
        {
            if (!Uvarint.TryRead(bytes, out ulong announced, out size) || announced > (ulong)(bytes.Length - size))
            {
                return false;
            }

            bytes = bytes[size..];
            length = (int)announced;
        }

        if (length > bytes.Length || AddressPart.FromRaw(protocol, bytes[..length]) is not { } found)
        {
            return false;
        }

        part = found;
        bytes = bytes[length..];
        return true;
    }
}
