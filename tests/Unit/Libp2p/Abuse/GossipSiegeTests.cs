using Kimura.Libp2p;
using Kimura.Libp2p.Gossip;
using Kimura.Libp2p.Transports;
using Xunit;

namespace Kimura.Tests.Unit.Libp2p.Abuse;

/// <summary>Floods of gossip, over real sockets.</summary>
[Collection(nameof(Siege))]
public sealed class GossipSiegeTests(ITestOutputHelper output)
{
    private const int Attackers = 3;

    [Fact]
    public Task Subscriptions() => FloodAsync((rpc, n) => rpc.Subscriptions.AddRange(
        Enumerable.Range(0, 1000).Select(i => (i % 2 == 0, i % 5 == 0 ? Siege.Topic : $"topic {n} {i}"))));

    [Fact]
    public Task Grafts_and_prunes() => FloodAsync((rpc, _) =>
    {
        for (int i = 0; i < 500; i++)
        {
            rpc.Graft.Add(Siege.Topic);
            rpc.Prune.Add((Siege.Topic, ulong.MaxValue));
        }
    });

    [Fact]
    public Task Announcements_of_messages_that_there_are_not() => FloodAsync((rpc, n) =>
        rpc.Have.Add((Siege.Topic, [.. Enumerable.Range(0, 2000).Select(i => Key(n, i))])));

    [Fact]
    public Task Questions_for_messages_that_there_are_not() => FloodAsync((rpc, n) =>
    {
        for (int i = 0; i < 200; i++)
        {
            rpc.Want.Add([Key(n, i)]);
        }
    });

    [Fact]
    public Task Messages_that_are_rejected() => FloodAsync((rpc, n) =>
        rpc.Messages.Add(new RpcMessage(Siege.Topic, BitConverter.GetBytes(n), Signed: false)));

    [Fact]
    public Task Empty_rpcs() => FloodAsync(static (_, _) => { });

    [Fact]
    public Task Rpcs_of_a_mebibyte_for_topics_that_there_are_not() => FloodAsync(
        static (rpc, n) => rpc.Messages.AddRange(
            Enumerable.Range(0, 4500).Select(i => new RpcMessage($"no {n}", new byte[200], Signed: false))));

    private static MessageKey Key(int n, int i) => MessageKey.Of([.. BitConverter.GetBytes(n), .. BitConverter.GetBytes(i)]);

    /// <summary>Each attacker sends RPCs of its kind until it is dropped, which it must be.</summary>
    private async Task FloodAsync(Action<Rpc, int> fill)
    {
        await using Siege siege = await Siege.StartAsync(output);
        await siege.WithstandAsync(() => Task.WhenAll(Enumerable.Range(0, Attackers).Select(async i =>
        {
            Libp2pHost bad = await siege.AttackerAsync(i);
            bad.Handle("/meshsub/1.1.0", static async (_, stream, stop) =>
            {
                byte[] buffer = new byte[64 * 1024];
                while (await stream.ReadAsync(buffer, stop) > 0)
                {
                    // It reads, so as not to be dropped for not reading.
                }
            });
            await bad.ConnectAsync(siege.Address);
            await using IDuplex stream = await bad.OpenStreamAsync(siege.Target.Id, ["/meshsub/1.1.0"]);
            await Siege.UntilDroppedAsync(n =>
            {
                Rpc rpc = new();
                fill(rpc, (n * Attackers) + i);
                return stream.WriteAsync(rpc.ToFrame()).AsTask();
            });
            await bad.DisposeAsync();
        })));
    }
}
