using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Network.Hostile;

/// <summary>A real node that follows a chain whose leader the test plays: what is true and what is false, and when, is the test's to say.</summary>
public sealed class FollowerUnderTest : IAsyncLifetime
{
    private readonly TempDirectory _folder = new();
    private int _told;

    internal OwnChain Chain { get; } = new();

    /// <summary>The honest one: has the whole chain, and tells it up to <see cref="Told"/>.</summary>
    internal Stranger Source { get; private set; } = null!;

    internal NodeProcess Node { get; private set; } = null!;

    internal RpcClient Rpc { get; private set; } = null!;

    /// <summary>Up to which height the source tells.</summary>
    internal int Told
    {
        get => Volatile.Read(ref _told);
        set => Volatile.Write(ref _told, value);
    }

    public async ValueTask InitializeAsync()
    {
        for (var i = 0; i < 5; i++)
        {
            Chain.Append(messages: i);
        }

        Told = 5;
        Source = await Stranger.StartAsync(
            (Stranger.Status, _ => Chain.Status(Told)), (Stranger.Sync, request => Chain.Answer(request, Told)));
        Node = await StartNodeAsync("node", Source);
        Rpc = Node.Client();
        await Rpc.HeightAsync(5);
        await Source.MeetAsync(Node);
    }

    public async ValueTask DisposeAsync()
    {
        Rpc?.Dispose();
        if (Node is not null)
        {
            await Node.DisposeAsync();
        }

        if (Source is not null)
        {
            await Source.DisposeAsync();
        }

        Chain.Dispose();
        _folder.Dispose();
    }

    /// <summary>Another node that dials somebody and believes this chain's leader.</summary>
    internal Task<NodeProcess> StartNodeAsync(string name, Stranger dialled, params string[] options) =>
        NodeProcess.StartPeerAsync(_folder.PathOf(name), dialled.Address, ["--leader-key", Chain.Leader.ToString(), .. options]);

    /// <summary>Makes a true block, publishes it from the source, and waits until the node has it.</summary>
    internal async Task AppendAsync(int messages = 0)
    {
        var block = Chain.Append(messages);
        Told = (int)block.Height;
        Source.Publish(block.Encoding.ToArray());
        await HasAsync(Told);
    }

    /// <summary>Waits until the node has a height, and sees to it that it is this chain's block.</summary>
    internal async Task HasAsync(int height)
    {
        await Rpc.HeightAsync((ulong)height);
        Assert.Equal(Chain[height].Hash.ToString(), (await Rpc.CallAsync("get_block", new { height })).GetProperty("hash").GetString());
    }

    internal async Task<double> VerdictsAsync(string verdict, string source) =>
        (await Metrics.ReadAsync(Rpc)).Value($$"""kimura_network_verdicts_total{verdict="{{verdict}}",source="{{source}}"}""");
}
