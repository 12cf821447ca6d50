using Kimura.Libp2p.Addressing;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Flipping;

/// <summary>
/// A leader and a peer that hold a chain which grows no more, every answer that they give about it, and the data directory of another peer of
/// theirs, stopped, with files of every kind.
/// </summary>
public sealed class HealthyNetwork : IAsyncLifetime
{
    private const int Lives = 3;
    private readonly TempDirectory _folder = new();
    private LocalNode _leader = null!;
    private LocalNode _neighbour = null!;

    internal string Victim => _folder.PathOf("victim");

    internal Answers Answers { get; private set; } = null!;

    internal IReadOnlyList<Multiaddress> Addresses => [_leader.Address, _neighbour.Address];

    public async ValueTask InitializeAsync()
    {
        using var sender = new Sender();
        using var other = new Sender();
        for (var life = 0; life < Lives; life++)
        {
            await using var leader = await LocalNode.LeadAsync(_folder.PathOf("leader"), TimeSpan.FromMilliseconds(50));
            await using var victim = await LocalNode.FollowAsync(Victim, [leader.Address]);
            await GrowAsync(leader.Rpc, sender, other);
            await victim.Rpc.HeightAsync(await leader.Rpc.HeightAsync());
        }

        await using (var leader = await LocalNode.LeadAsync(_folder.PathOf("leader"), TimeSpan.FromMilliseconds(50)))
        {
            await GrowAsync(leader.Rpc, sender, other);
        }

        // The last part of the chain is in the victim's log alone.
        _leader = await LocalNode.LeadAsync(_folder.PathOf("leader"), TimeSpan.FromHours(1));
        _neighbour = await LocalNode.FollowAsync(_folder.PathOf("neighbour"), [_leader.Address]);
        var height = await _leader.Rpc.HeightAsync();
        await _neighbour.Rpc.HeightAsync(height);
        await using (var victim = await LocalNode.FollowAsync(Victim, [_leader.Address]))
        {
            await victim.Rpc.HeightAsync(height);
        }

        Answers = await Answers.ReadAsync(_neighbour.Rpc);
    }

    public async ValueTask DisposeAsync()
    {
        if (_neighbour is not null)
        {
            await _neighbour.DisposeAsync();
        }

        if (_leader is not null)
        {
            await _leader.DisposeAsync();
        }

        _folder.Dispose();
    }

    private static async Task GrowAsync(RpcClient rpc, params Sender[] senders)
    {
        for (var round = 0; round < 4; round++)
        {
            foreach (var sender in senders)
            {
                await rpc.SubmitAsync(sender.Sign(12, "to be kept, whatever happens to the disk that it is on"));
            }

            await rpc.HeightAsync(await rpc.HeightAsync() + 2);
        }

        await rpc.NothingPendingAsync();
    }
}
