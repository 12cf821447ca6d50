namespace Kimura.Libp2p.Addressing;

/// <summary>The parts of addresses that are understood (multiformats/multicodec); the values are the wire's.</summary>
internal enum AddressProtocol
{
    Ip4 = 4,
    Tcp = 6,
    Ip6 = 41,
    Dns = 53,
    Dns4 = 54,
    Dns6 = 55,
    DnsAddr = 56,
    Udp = 273,
    P2pCircuit = 290,
    P2p = 421,
    QuicV1 = 461,
    Ws = 477,
}
