using Kimura.Chain;
using Kimura.Grains.Network;
using Kimura.Interfaces;

namespace Kimura.Tests.Unit.Grains;

/// <summary>Gives what a test puts in: the part of the network that fetches messages.</summary>
internal sealed class BodyShelf : IBodySource
{
    public Dictionary<MessageId, byte[]> Bodies { get; } = [];

    public List<(ulong Height, int Index, MessageId Id)> Asked { get; } = [];

    public ValueTask<ReadOnlyMemory<byte>?> FetchAsync(ulong height, int index, MessageId id)
    {
        Asked.Add((height, index, id));
        return ValueTask.FromResult(Bodies.TryGetValue(id, out var body) ? body : default(ReadOnlyMemory<byte>?));
    }
}

/// <summary>A leader at the other end of a wire that a test can cut.</summary>
internal sealed class LeaderWire(GrainFixture leader) : ILeaderLink
{
    public bool IsCut { get; set; }

    /// <summary>What comes in place of every message asked for.</summary>
    public byte[]? Substitute { get; set; }

    public List<SubmissionBatch> Batches { get; } = [];

    public async Task<SubmissionResults?> SubmitAsync(SubmissionBatch batch)
    {
        Batches.Add(batch);
        return IsCut ? null : await leader.Intake.SubmitAsync(batch);
    }

    public async Task<LeaderNonce> GetNonceAsync(ReadOnlyMemory<byte> publicKey) =>
        IsCut ? LeaderNonce.Unreachable : new LeaderNonce(true, (await leader.Reader.GetNonceAsync(publicKey)).Nonce);

    public async Task<LeaderMessage> GetMessageAsync(ReadOnlyMemory<byte> id)
    {
        if (IsCut)
        {
            return LeaderMessage.Unreachable;
        }

        var record = (await leader.Reader.GetMessageAsync(id)).Record;
        return new LeaderMessage(true, Substitute ?? record?.Encoding);
    }
}

/// <summary>A view of the network as a test wants it.</summary>
internal sealed record NetworkView(int Peers, ulong TargetHeight, bool IsSyncing) : INetworkView;
