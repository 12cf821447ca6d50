using Xunit;

namespace Kimura.Tests.Integration.Harness;

/// <summary>Holds nodes against each other: the same bytes, block by block and message by message.</summary>
internal static class SameChain
{
    /// <summary>
    /// Walks the first node's chain to its tip, waits until the others have it, and compares: encodings of blocks and of messages. Gives
    /// back what it walked.
    /// </summary>
    public static async Task<WalkedChain> CheckAsync(RpcClient first, params RpcClient[] others)
    {
        var chain = await WalkedChain.WalkAsync(first);
        foreach (var other in others)
        {
            await other.HeightAsync((ulong)chain.Blocks.Count - 1);
            var walked = await WalkedChain.WalkAsync(other);
            for (var height = 0; height < chain.Blocks.Count; height++)
            {
                Assert.True(
                    chain.Blocks[height].Encoding.Span.SequenceEqual(walked.Blocks[height].Encoding.Span), $"block {height} is not the same");
            }

            foreach (var (id, (height, message)) in chain.Messages)
            {
                Assert.Equal(height, walked.Messages[id].Height);
                Assert.True(message.Encoding.Span.SequenceEqual(walked.Messages[id].Message.Encoding.Span), $"message {id} is not the same");
            }
        }

        return chain;
    }
}
