using Kimura.Libp2p.Encodings;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Network.Hostile;

/// <summary>A block too large for gossip: its header goes round, and the rest is fetched from whoever has it.</summary>
public sealed class AnnouncedBlockTests(FollowerUnderTest follower) : IClassFixture<FollowerUnderTest>
{
    // One more than what fits a gossip message.
    private const int Many = 16_384;

    [Fact(Timeout = 180_000)]
    public async Task Announced_block_is_fetched_forwarded_and_served_in_pages()
    {
        await using var witness = await Stranger.StartAsync();
        await witness.MeetAsync(follower.Node);
        var block = follower.Chain.Append(Many);
        var height = (int)block.Height;
        var announcement = OwnChain.WithVersion(2, block.Header);
        follower.Told = height;
        follower.Source.Publish(announcement);

        await follower.HasAsync(height);
        await Eventually.HoldsAsync(() => Task.FromResult(witness.Heard.Count > 0), "a forwarded announcement");
        Assert.Equal(announcement, Assert.Single(witness.Heard));
        Assert.Equal(1, await follower.VerdictsAsync("ok", "announcement"));
        await ReadsBackAsync(witness, height);
    }

    // What the node serves is what it was given, page by page.
    private async Task ReadsBackAsync(Stranger reader, int height)
    {
        var (encoding, messages, pages, index) = (new MemoryStream(), 0, 0, 0ul);
        for (var next = (ulong)height; next == (ulong)height; pages++)
        {
            var request = new ProtoWriter().Number(1, next).Number(2, index).Number(3, next).Number(4, 1).ToArray();
            Read(await reader.AskAsync(follower.Node, Stranger.Sync, request), encoding, ref messages, ref next, ref index);
        }

        Assert.True(pages > 1);
        Assert.Equal(Many, messages);
        Assert.Equal(follower.Chain[height].Encoding.ToArray(), encoding.ToArray());
    }

    private static void Read(byte[] page, MemoryStream encoding, ref int messages, ref ulong next, ref ulong index)
    {
        var reader = new ProtoReader(page);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: messages += ReadItem(reader.Bytes, encoding); break;
                case 2: next = reader.Number; break;
                case 3: index = reader.Number; break;
                default: break;
            }
        }
    }

    private static int ReadItem(ReadOnlySpan<byte> item, MemoryStream encoding)
    {
        var messages = 0;
        var reader = new ProtoReader(item);
        while (reader.Next())
        {
            if (reader.IsBytes(1))
            {
                encoding.Write(reader.Bytes);
            }

            messages += reader.IsBytes(2) ? 1 : 0;
        }

        return messages;
    }
}
