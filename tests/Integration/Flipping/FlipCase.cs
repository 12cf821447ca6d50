using Kimura.Storage.Ledger;
using Kimura.Tests.Integration.Harness;
using Kimura.Tests.Integration.Refusing;
using Xunit;

namespace Kimura.Tests.Integration.Flipping;

/// <summary>
/// One flipped bit in a copy of the victim's directory, before it starts or just after. Whatever it hit, the node comes up by itself beside its neighbours,
/// never gives a wrong byte, ends with all that they have, and what it then has on disk verifies in full.
/// </summary>
internal sealed class FlipCase(HealthyNetwork network, int seed, int number)
{
    private readonly Random _random = new(unchecked((seed * 397) ^ number));

    public string Kind { get; } = FileKind.All[number % FileKind.All.Count];

    public string What { get; private set; } = "nothing";

    /// <summary>True where the node saw the damage; otherwise it was harmless.</summary>
    public bool WasSeen { get; private set; }

    public async Task RunAsync()
    {
        using var folder = new TempDirectory();
        var data = folder.PathOf("data");
        TempDirectory.Copy(network.Victim, data);
        var whileRunning = _random.Next(4) == 0;
        if (!whileRunning)
        {
            Flip(data);
        }

        var log = new NodeLog();
        await using (var node = await LocalNode.FollowAsync(data, network.Addresses, log))
        {
            if (whileRunning)
            {
                Flip(data);
            }

            await AllAnswersAsync(node);
        }

        // The first start may still have to put right what happened while it ran; what it leaves is whole.
        var second = await VerifyAsync(data);
        WasSeen = log.SpeaksOfDamage || second.SpeaksOfDamage;
        var third = second.SpeaksOfDamage ? await VerifyAsync(data) : second;
        Assert.False(third.SpeaksOfDamage, string.Join('\n', third.Lines));
    }

    private async Task<NodeLog> VerifyAsync(string data)
    {
        var log = new NodeLog();
        await using var node = await LocalNode.FollowAsync(data, network.Addresses, log, VerifyMode.Full);
        Assert.Contains(log.Lines, line => line.Contains("Chain integrity verified", StringComparison.Ordinal));
        await AllAnswersAsync(node);
        return log;
    }

    // From the first answer on none may be wrong.
    private async Task AllAnswersAsync(LocalNode node)
    {
        string? missing = null;
        try
        {
            await Eventually.HoldsAsync(async () => (missing = await FindMissingAsync(node.Rpc)) is null, "all answers", Limits.Start);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message}: {missing}; the node's log:\n{string.Join('\n', node.Log.Lines.TakeLast(40))}", late);
        }
    }

    private async Task<string?> FindMissingAsync(RpcClient rpc)
    {
        try
        {
            return await network.Answers.FindMissingAsync(rpc);
        }
        catch (HttpRequestException exception)
        {
            // The node starts anew.
            return exception.Message;
        }
    }

    private void Flip(string data)
    {
        if (FileKind.Draw(data, Kind, _random) is var (path, at, bit))
        {
            RawFiles.Flip(path, at, (byte)(1 << bit));
            What = $"{Path.GetRelativePath(data, path)}, byte {at}, bit {bit}";
        }
    }
}
