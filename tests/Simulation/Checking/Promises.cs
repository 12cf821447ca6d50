using Kimura.Tests.Simulation.Disk;
using Kimura.Tests.Simulation.Engine;

namespace Kimura.Tests.Simulation.Checking;

/// <summary>What clients were told: messages answered as durable, and where they were told that these stand.</summary>
internal sealed class Promises(World world)
{
    private readonly Dictionary<byte[], Promise> _byId = new(ByteKeys.Instance);
    private readonly List<Promise> _all = [];

    public IReadOnlyList<Promise> All => _all;

    public Promise? Find(byte[] id) => _byId.GetValueOrDefault(id);

    /// <summary>A client was answered that this is durable.</summary>
    public Promise Answered(byte[] sender, ulong nonce, byte[] content)
    {
        var id = Formats.MessageId(sender, nonce);
        world.Audit.Note(Kinds.Answer, nonce, id);
        if (_byId.TryGetValue(id, out var known))
        {
            return known.Content.AsSpan().SequenceEqual(content)
                ? known
                : throw world.Violation($"message {Convert.ToHexStringLower(id)} was answered with two contents");
        }

        var promise = new Promise(id, sender, nonce, content);
        _byId.Add(id, promise);
        _all.Add(promise);
        return promise;
    }

    /// <summary>A client was told that a message stands at a place.</summary>
    public void Placed(Promise promise, ulong height, int index)
    {
        if (promise.Place is { } place && place != (height, index))
        {
            throw world.Violation($"message {promise} was said to stand at {place}, and now at {(height, index)}");
        }

        promise.Place = (height, index);
    }
}

/// <summary>A message that was answered as durable.</summary>
internal sealed class Promise(byte[] id, byte[] sender, ulong nonce, byte[] content)
{
    public byte[] Id => id;

    public byte[] Sender => sender;

    public ulong Nonce => nonce;

    public byte[] Content => content;

    /// <summary>Where it stands, once somebody has said so.</summary>
    public (ulong Height, int Index)? Place { get; set; }

    public override string ToString() => $"{Convert.ToHexStringLower(id.AsSpan(0, 8))} (nonce {nonce})";
}
