using Kimura.Chain;
using Kimura.Cryptography;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Running;

public sealed class FirstStartTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 120_000)]
    [Trait("Seed", "test_leader_produces_blocks_rpc")]
    public async Task Leader_makes_its_key_and_blocks_from_an_empty_folder()
    {
        await using var node = await NodeProcess.StartTestModeAsync(_folder.PathOf("data"));
        using var rpc = node.Client();
        var keyFile = _folder.PathOf("data", "leader.key");

        await rpc.HeightAsync(3);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(keyFile));
        using var key = KeyFile.Load(keyFile);
        var publicKey = new byte[PublicKey.Size];
        key.CopyPublicKey(publicKey);
        Assert.Equal(new PublicKey(publicKey), (await WalkedChain.WalkAsync(rpc)).Leader);
        Assert.Equal(1ul, await node.LoggedNumberAsync("Leader resuming from height"));
        await node.Errors.FindAsync(line => line.Contains("Produced block 1 with 0 messages", StringComparison.Ordinal), Limits.Step);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(null)]
    [InlineData("first-start")]
    [Trait("Seed", "test_message_inclusion_rpc")]
    public async Task Thousand_messages_are_each_in_exactly_one_block(string? chainId)
    {
        var parameters = new ChainParameters(chainId);
        string[] options = chainId is null ? [] : ["--chain-id", chainId];
        await using var node = await NodeProcess.StartTestModeAsync(_folder.PathOf("data"), options);
        using var rpc = node.Client();
        using var first = new Sender(parameters);
        using var second = new Sender(parameters);

        var messages = new List<SignedMessage>();
        for (var i = 0; i < 5; i++)
        {
            SignedMessage[] batch = [.. first.Sign(150, "first"), .. second.Sign(50, "second")];
            messages.AddRange(batch);
            await rpc.SubmitAsync(batch);
        }

        Assert.Equal(first.NextNonce, await rpc.NonceAsync(first));
        await rpc.NothingPendingAsync();
        var chain = await WalkedChain.WalkAsync(rpc, parameters);

        Assert.Equal(messages.Select(message => message.Id).ToHashSet(), [.. chain.Messages.Keys]);
        Assert.Equal(750ul, chain.NextNonce(first.PublicKey));
        Assert.Equal(250ul, chain.NextNonce(second.PublicKey));
        foreach (var message in messages.Where((_, i) => i % 20 == 0))
        {
            await VerifyAsync(rpc, message, chain);
        }
    }

    private static async Task VerifyAsync(RpcClient rpc, SignedMessage sent, WalkedChain chain)
    {
        var answer = await rpc.CallAsync("get_message", new { message_id = sent.Id.ToString() });
        Assert.Equal(sent.Content, answer.GetProperty("content").GetString());
        Assert.Equal(chain.Messages[sent.Id].Height, answer.GetProperty("height").GetUInt64());
        var message = ChainReading.ReadMessage(answer);
        Assert.Equal(sent.Signature, Convert.ToHexStringLower(message.Signature));

        var proof = await rpc.CallAsync("get_proof", new { message_id = sent.Id.ToString() });
        Assert.Equal(chain.Messages[sent.Id].Height, proof.GetProperty("height").GetUInt64());
        ChainReading.Verify(proof, message, chain.Leader);
    }
}
