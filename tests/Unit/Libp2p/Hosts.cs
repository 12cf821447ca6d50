using System.Security.Cryptography;
using Kimura.Libp2p;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Identities;
using Kimura.Libp2p.Tcp;
using Kimura.Libp2p.Transports;

namespace Kimura.Tests.Unit.Libp2p;

/// <summary>Hosts for tests, over a network in memory or over loopback.</summary>
internal sealed class Hosts : IAsyncDisposable
{
    /// <summary>Longest wait for anything.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly List<Libp2pHost> _hosts = [];
    private int _machine;

    public MemoryNetwork Network { get; } = new();

    public async Task<Libp2pHost> StartAsync(
        Action<Libp2pHost>? configure = null,
        ConnectionLimits? limits = null,
        bool tcp = false,
        bool secp256k1 = false,
        TimeProvider? time = null,
        ITransport? transport = null)
    {
        string ip = tcp ? "127.0.0.1" : $"10.0.0.{++_machine}";
        Libp2pHost host = new(new HostOptions
        {
            Identity = NewIdentity(secp256k1),
            Transport = transport ?? (tcp ? new TcpTransport() : Network.At(ip)),
            Time = time ?? TimeProvider.System,
            FillRandom = RandomNumberGenerator.Fill,
            Listen = [Multiaddress.Parse($"/ip4/{ip}/tcp/0")],
            Limits = limits ?? new ConnectionLimits { RatePerAddress = 1000 },
        });
        _hosts.Add(host);
        configure?.Invoke(host);
        await host.StartAsync();
        return host;
    }

    public static Identity NewIdentity(bool secp256k1 = false)
    {
        byte[] seed = RandomNumberGenerator.GetBytes(32);
        return secp256k1 ? Identity.FromSecp256k1(seed) : Identity.FromEd25519Seed(seed);
    }

    /// <summary>Waits until the state is reached, looking again whenever a host says that something changed, and now and then.</summary>
    public static async Task UntilAsync(Func<bool> reached, string what)
    {
        using CancellationTokenSource patience = new(Patience);
        using PeriodicTimer look = new(TimeSpan.FromMilliseconds(5));
        while (!reached())
        {
            try
            {
                await look.WaitForNextTickAsync(patience.Token);
            }
            catch (OperationCanceledException error)
            {
                throw new TimeoutException(what, error);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Libp2pHost host in _hosts)
        {
            await host.DisposeAsync().AsTask().WaitAsync(Patience);
        }
    }
}
