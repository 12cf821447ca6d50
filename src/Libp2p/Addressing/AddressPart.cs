using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Kimura.Libp2p.Encodings;
using Kimura.Libp2p.Identities;

namespace Kimura.Libp2p.Addressing;

/// <summary>One part of an address: its protocol and its value in both forms.</summary>
internal readonly record struct AddressPart(AddressProtocol Protocol, string Value, byte[] Raw)
{
    private const int MaxName = 253;

    private static readonly Dictionary<string, AddressProtocol> ByName = new(StringComparer.Ordinal)
    {
        ["ip4"] = AddressProtocol.Ip4,
        ["tcp"] = AddressProtocol.Tcp,
        ["ip6"] = AddressProtocol.Ip6,
        ["dns"] = AddressProtocol.Dns,
        ["dns4"] = AddressProtocol.Dns4,
        ["dns6"] = AddressProtocol.Dns6,
        ["dnsaddr"] = AddressProtocol.DnsAddr,
        ["udp"] = AddressProtocol.Udp,
        ["p2p-circuit"] = AddressProtocol.P2pCircuit,
        ["p2p"] = AddressProtocol.P2p,
        ["ipfs"] = AddressProtocol.P2p,
        ["quic-v1"] = AddressProtocol.QuicV1,
        ["ws"] = AddressProtocol.Ws,
    };

    /// <summary>The word in text.</summary>
    public string Name => Protocol switch
    {
        AddressProtocol.P2pCircuit => "p2p-circuit",
        AddressProtocol.QuicV1 => "quic-v1",
        _ => Protocol.ToString().ToLowerInvariant(),
    };

    /// <summary>True for parts that carry a value.</summary>
    public static bool HasValue(AddressProtocol protocol) =>
        protocol is not (AddressProtocol.P2pCircuit or AddressProtocol.QuicV1 or AddressProtocol.Ws);

    public static bool TryName(string name, out AddressProtocol protocol) => ByName.TryGetValue(name, out protocol);

    /// <summary>Null where the text is no value of the protocol.</summary>
    public static AddressPart? FromText(AddressProtocol protocol, string text)
    {
        byte[]? raw = protocol switch
        {
            AddressProtocol.Ip4 => Ip(text, AddressFamily.InterNetwork),
            AddressProtocol.Ip6 => Ip(text, AddressFamily.InterNetworkV6),
            AddressProtocol.Tcp or AddressProtocol.Udp =>
                ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
                    ? [(byte)(port >> 8), (byte)(port & 0xFF)]
                    : null,
            AddressProtocol.P2p => PeerId.TryParse(text, out PeerId id) ? id.Bytes.ToArray() : null,
            _ => Encoding.UTF8.GetBytes(text),
        };
        return raw is null ? null : FromRaw(protocol, raw);
    }

    /// <summary>Null where the bytes are no value of the protocol.</summary>
    public static AddressPart? FromRaw(AddressProtocol protocol, ReadOnlySpan<byte> raw)
    {
        string? value = protocol switch
        {
            AddressProtocol.Ip4 => raw.Length == 4 ? new IPAddress(raw).ToString() : null,
            AddressProtocol.Ip6 => raw.Length == 16 ? new IPAddress(raw).ToString() : null,
            AddressProtocol.Tcp or AddressProtocol.Udp => raw.Length == 2
                ? BinaryPrimitives.ReadUInt16BigEndian(raw).ToString(CultureInfo.InvariantCulture)
                : null,
            AddressProtocol.P2p => PeerId.TryDecode(raw, out PeerId id) ? id.ToString() : null,
            AddressProtocol.Dns or AddressProtocol.Dns4 or AddressProtocol.Dns6 or AddressProtocol.DnsAddr => HostName(raw),
            _ => raw.IsEmpty ? string.Empty : null,
        };
        return value is null ? null : new AddressPart(protocol, value, raw.ToArray());
    }

    /// <summary>Bytes of the value on the wire: a fixed number, or -1 where its length goes before it.</summary>
    public static int FixedSize(AddressProtocol protocol) => protocol switch
    {
        AddressProtocol.Ip4 => 4,
        AddressProtocol.Ip6 => 16,
        AddressProtocol.Tcp or AddressProtocol.Udp => 2,
        AddressProtocol.P2pCircuit or AddressProtocol.QuicV1 or AddressProtocol.Ws => 0,
        _ => -1,
    };

    public void WriteTo(List<byte> output)
    {
        Span<byte> space = stackalloc byte[Uvarint.MaxSize];
        output.AddRange(space[..Uvarint.Write(space, (ulong)Protocol)]);
        if (FixedSize(Protocol) < 0)
        {
            output.AddRange(space[..Uvarint.Write(space, (ulong)Raw.Length)]);
        }

        output.AddRange(Raw);
    }

    private static byte[]? Ip(string text, AddressFamily family) =>
        IPAddress.TryParse(text, out IPAddress? address)
        && address.AddressFamily == family
        && (family != AddressFamily.InterNetwork || text.Count(c => c == '.') == 3)
            ? address.GetAddressBytes()
            : null;

    private static string? HostName(ReadOnlySpan<byte> raw)
    {
        if (raw.Length is 0 or > MaxName)
        {
            return null;
        }

        foreach (byte letter in raw)
        {
            if (!char.IsAsciiLetterOrDigit((char)letter) && letter is not ((byte)'.' or (byte)'-' or (byte)'_'))
            {
                return null;
            }
        }

        return Encoding.ASCII.GetString(raw);
    }
}
