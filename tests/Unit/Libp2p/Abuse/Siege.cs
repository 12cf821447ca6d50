using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Kimura.Libp2p;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Gossip;
using Kimura.Libp2p.Identities;
using Kimura.Libp2p.Requests;
using Kimura.Libp2p.Tcp;
using Kimura.Libp2p.Transports;
using Xunit;

namespace Kimura.Tests.Unit.Libp2p.Abuse;

/// <summary>Sieges are laid one after the other, with nothing beside them: memory is measured.</summary>
[CollectionDefinition(nameof(Siege), DisableParallelization = true)]
public sealed class SiegeCollection;

/// <summary>
/// Two honest hosts on real sockets that keep talking to each other, by gossip and requests, while one of them is attacked.
/// </summary>
internal sealed class Siege : IAsyncDisposable
{
    public const string Topic = "honest";
    public const string Echo = "/echo/1";

    /// <summary>Most that may be left of an attack in memory, and most that it may take while it lasts, garbage included.</summary>
    private const long MostLeft = 64L * 1024 * 1024;
    private const long MostMeanwhile = 512L * 1024 * 1024;
    private const int FewestRounds = 20;
    private readonly Hosts _hosts = new();
    private readonly ConcurrentDictionary<string, byte> _arrived = new();
    private readonly List<(Libp2pHost Host, GossipSub Gossip, RequestProtocol Echo)> _honest = [];
    private readonly ITestOutputHelper _output;
    private int _round;

    private Siege(ITestOutputHelper output) => _output = output;

    public Libp2pHost Target => _honest[0].Host;

    public Multiaddress Address => Target.ListenAddresses[0];

    public static async Task<Siege> StartAsync(ITestOutputHelper output, ConnectionLimits? limits = null)
    {
        Siege siege = new(output);
        await siege.HonestAsync(limits ?? new ConnectionLimits());
        await siege.HonestAsync(new ConnectionLimits());
        siege._honest[1].Host.Keep(siege.Address);
        await Hosts.UntilAsync(() => siege._honest.TrueForAll(one => one.Gossip.Describe(Topic).Mesh.Count == 1), "honest peers");
        await siege.RoundAsync();
        return siege;
    }

    /// <summary>A host that comes from an address of loopback.</summary>
    public Task<Libp2pHost> AttackerAsync(int number) => _hosts.StartAsync(transport: From(number), limits: new() { Connections = 1000 });

    /// <summary>Connections from an address of loopback that is not the honest hosts'.</summary>
    public static ITransport From(int number) => new SourceTransport(IPAddress.Parse($"127.0.{1 + (number / 200)}.{1 + (number % 200)}"));

    /// <summary>A peer that has finished its handshakes and says what it likes.</summary>
    public Task<RawPeer> RawAsync(int number) => RawPeer.ConnectAsync(From(number), Address);

    /// <summary>Attacks; honest messages and requests must go on arriving meanwhile, and memory must stay within its bounds.</summary>
    public async Task WithstandAsync(Func<Task> attack)
    {
        long before = GC.GetTotalMemory(forceFullCollection: true), most = before;
        Stopwatch watch = Stopwatch.StartNew();
        TimeSpan slowest = TimeSpan.Zero;
        Task attacking = Task.Run(attack);
        int rounds = 0;
        for (; rounds < FewestRounds || !attacking.IsCompleted; rounds++)
        {
            long started = Stopwatch.GetTimestamp();
            await RoundAsync();
            slowest = TimeSpan.FromTicks(Math.Max(slowest.Ticks, Stopwatch.GetElapsedTime(started).Ticks));
            most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: false));
        }

        await attacking;
        await Hosts.UntilAsync(() => Target.Connections.Count == 1, "only the honest peer stays");
        long left = GC.GetTotalMemory(forceFullCollection: true) - before;
        _output.WriteLine(
            $"{watch.Elapsed.TotalSeconds:F1} s, {rounds} honest rounds, the slowest {slowest.TotalMilliseconds:F0} ms; "
            + $"memory: {(most - before) / 1024.0 / 1024:F1} MiB more meanwhile, {left / 1024.0 / 1024:F1} MiB left");
        Assert.InRange(left, long.MinValue, MostLeft);
        Assert.InRange(most - before, 0, MostMeanwhile);
    }

    /// <summary>Repeats something until the connection is ended for it.</summary>
    public static async Task UntilDroppedAsync(Func<int, Task> step)
    {
        bool dropped = false;
        Stopwatch watch = Stopwatch.StartNew();
        for (int i = 0; !dropped && watch.Elapsed < Hosts.Patience * 3; i++)
        {
            try
            {
                // The attacked host lives on the same threads, which an attack by itself would not leave to it.
                await Task.Yield();
                await step(i);
            }
            catch (Libp2pException)
            {
                dropped = true;
            }
        }

        Assert.True(dropped, "not dropped");
    }

    public ValueTask DisposeAsync() => _hosts.DisposeAsync();

    private async Task HonestAsync(ConnectionLimits limits)
    {
        GossipSub? gossip = null;
        RequestProtocol? echo = null;
        Libp2pHost host = await _hosts.StartAsync(
            host =>
            {
                gossip = new GossipSub(host);
                gossip.Subscribe(Topic, (message, _) => ValueTask.FromResult(Judge(host, message)));
                echo = new RequestProtocol(host, Echo, new RequestOptions());
                echo.Serve(AnswerAsync);
            },
            limits,
            tcp: true);
        _honest.Add((host, gossip!, echo!));
    }

    private GossipVerdict Judge(Libp2pHost host, GossipMessage message)
    {
        bool honest = message.Data.Span.StartsWith("honest"u8);
        _arrived.TryAdd($"{host.Id} {Convert.ToHexString(message.Data.Span)}", 0);
        return honest ? GossipVerdict.Accept : GossipVerdict.Reject;
    }

    /// <summary>A message and a request in both directions.</summary>
    private async Task RoundAsync()
    {
        _round++;
        for (int i = 0; i < 2; i++)
        {
            (Libp2pHost to, (_, GossipSub gossip, RequestProtocol echo)) = (_honest[1 - i].Host, _honest[i]);
            byte[] data = [.. "honest"u8, (byte)i, .. BitConverter.GetBytes(_round)];
            gossip.Publish(Topic, data);
            Assert.Equal(data, (await echo.AskOneAsync(to.Id, data)).ToArray());
            string expected = $"{to.Id} {Convert.ToHexString(data)}";
            await Hosts.UntilAsync(() => _arrived.ContainsKey(expected), "an honest message");
        }
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> AnswerAsync(
        PeerId peer,
        ReadOnlyMemory<byte> request,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.Yield();
        yield return request;
    }

    /// <summary>TCP that leaves from an address of its own.</summary>
    private sealed class SourceTransport(IPAddress source) : ITransport
    {
        private readonly TcpTransport _tcp = new();

        public bool Carries(Multiaddress address) => _tcp.Carries(address);

        public async ValueTask<ITransportConnection> DialAsync(Multiaddress address, CancellationToken cancellation)
        {
            Assert.True(address.TryTcp(out string host, out int port, out _));
            Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Bind(new IPEndPoint(source, 0));
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(host), port), cancellation);
            return new TcpConnection(socket);
        }

        public ValueTask<ITransportListener> ListenAsync(Multiaddress address, CancellationToken cancellation) =>
            _tcp.ListenAsync(Multiaddress.Tcp(source, 0), cancellation);
    }
}
