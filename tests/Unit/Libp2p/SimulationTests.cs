using System.Globalization;
using Kimura.Libp2p;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Gossip;
using Kimura.Libp2p.Identities;
using Kimura.Libp2p.Requests;
using Kimura.Libp2p.Transports;
using Kimura.Tests.Simulation.Engine;
using Kimura.Tests.Unit.Cryptography;
using Xunit;

namespace Kimura.Tests.Unit.Libp2p;

/// <summary>A whole network on one thread, under one scheduler and a clock of its own: a seed decides all that happens.</summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private const int Size = 6;
    private const string Topic = "t";

    [Fact]
    public void Network_under_one_scheduler_repeats_itself_to_the_letter()
    {
        int seed = Seeds.New(output).Next();
        List<string> first = Play(seed), second = Play(seed), other = Play(seed ^ 1);
        output.WriteLine($"{first.Count} events, the last: {first[^1]}");
        Assert.Equal(first, second);
        Assert.NotEqual(first, other);
    }

    private static List<string> Play(int seed)
    {
        World world = new((ulong)seed, trace: null);
        Life life = new(world, "network");
        Network network = new(world.Random, life, new SimClock(life, static () => TimeSpan.Zero));
        Task playing = life.Start(network.PlayAsync);

        // It throws where anything strays to another thread.
        world.Run(TimeSpan.FromMinutes(10), () => playing.IsCompleted);
        Assert.True(playing.IsCompletedSuccessfully, $"{playing.Status} {playing.Exception}");
        return network.History;
    }

    private sealed class Network(SimRandom random, Life life, SimClock time)
    {
        private readonly MemoryNetwork _memory = new();
        private readonly List<Libp2pHost> _hosts = [];
        private readonly List<GossipSub> _gossips = [];
        private readonly List<RequestProtocol> _echoes = [];
        private readonly DateTimeOffset _start = time.GetUtcNow();

        public List<string> History { get; } = [];

        public async Task PlayAsync()
        {
            for (int i = 0; i < Size; i++)
            {
                await StartAsync(i);
            }

            // A line, with both ends of its last link dialling each other at once.
            for (int i = 0; i < Size - 1; i++)
            {
                _hosts[i].Keep(_hosts[i + 1].ListenAddresses[0]);
            }

            _hosts[^1].Keep(_hosts[^2].ListenAddresses[0]);
            for (int round = 0; round < 40; round++)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 2000)), time);
                await StepAsync(round);
            }

            foreach (Libp2pHost host in _hosts)
            {
                await host.DisposeAsync();
            }
        }

        private async Task StepAsync(int round)
        {
            int who = random.Next(Size), next = (who + 1) % Size;
            switch (random.Next(5))
            {
                case 0:
                    _hosts[who].Disconnect(_hosts[next].Id);
                    break;
                case 1 or 2:
                    byte[] data = new byte[random.Next(4, 200_000)];
                    random.Fill(data);
                    Note(who, $"publishes {round} to {_gossips[who].Publish(Topic, data)}");
                    break;
                default:
                    try
                    {
                        ReadOnlyMemory<byte> answer = await _echoes[who].AskOneAsync(_hosts[next].Id, new byte[round * 1000]);
                        Note(who, $"has an answer of {answer.Length}");
                    }
                    catch (Libp2pException error)
                    {
                        Note(who, $"has no answer: {error.Failure}");
                    }

                    break;
            }
        }

        private async Task StartAsync(int number)
        {
            byte[] key = new byte[32];
            random.Fill(key);
            string ip = $"10.0.0.{number + 1}";
            Libp2pHost host = new(new HostOptions
            {
                Identity = Identity.FromEd25519Seed(key),
                Transport = _memory.At(ip),
                Time = time,
                FillRandom = random.Fill,
                Scheduler = life,
                Listen = [Multiaddress.Parse($"/ip4/{ip}/tcp/1000")],
            });
            host.Connected += peer => Note(number, $"connected to {peer.Peer}, outbound {peer.Outbound}");
            host.Identified += peer => Note(number, $"identified {peer.Peer}: {peer.Protocols.Count}");
            host.Disconnected += peer => Note(number, $"disconnected from {peer.Peer}");
            GossipSub gossip = new(host);
            gossip.Subscribe(Topic, (message, _) =>
            {
                Note(number, $"has {message.Data.Length} bytes from {message.From}");
                return ValueTask.FromResult(GossipVerdict.Accept);
            });
            RequestProtocol echo = new(host, "/echo/1", new RequestOptions());
            echo.Serve(AnswerAsync);
            _hosts.Add(host);
            _gossips.Add(gossip);
            _echoes.Add(echo);
            await host.StartAsync();
        }

        private void Note(int who, string what) =>
            History.Add(string.Create(CultureInfo.InvariantCulture, $"{(time.GetUtcNow() - _start).TotalMilliseconds} {who} {what}"));

        private static async IAsyncEnumerable<ReadOnlyMemory<byte>> AnswerAsync(
            PeerId peer,
            ReadOnlyMemory<byte> request,
            [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
        {
            await Task.Yield();
            yield return request;
        }
    }
}
