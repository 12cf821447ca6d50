using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Kimura.Gateway.RateLimiting;

/// <summary>Who counts as one client: an IPv4 address, or the /64 of an IPv6 address, which is what one subscriber has.</summary>
internal static class ClientKey
{
    /// <summary>The key of an address.</summary>
    public static UInt128 Of(IPAddress? client)
    {
        if (client is null)
        {
            return UInt128.Zero;
        }

        Span<byte> bytes = stackalloc byte[16];
        if (client.AddressFamily == AddressFamily.InterNetworkV6 && !client.IsIPv4MappedToIPv6)
        {
            client.TryWriteBytes(bytes, out _);
            bytes[8..].Clear();
            return BinaryPrimitives.ReadUInt128BigEndian(bytes);
        }

        client.MapToIPv6().TryWriteBytes(bytes, out _);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
