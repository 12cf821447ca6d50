using System.Text.Json;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Flipping;

/// <summary>What a node answers about every block and every message of its chain, byte for byte.</summary>
internal sealed class Answers
{
    private const int NotFound = -32004;
    private const int Unavailable = -32007;
    private const int PageCalls = 250;

    private readonly List<Page> _pages = [];

    /// <summary>How many answers there are.</summary>
    public int Count => _pages.Sum(page => page.Calls.Count);

    public static async Task<Answers> ReadAsync(RpcClient rpc)
    {
        var calls = new List<string>();
        var height = await rpc.HeightAsync();
        for (var at = 0UL; at <= height; at++)
        {
            var block = await rpc.CallAsync("get_block", new { height = at });
            calls.Add(Call(calls.Count, "get_block", $$"""{"height":{{at}},"include_messages":true}"""));
            calls.Add(Call(calls.Count, "get_block", $$"""{"height":"{{block.GetProperty("hash").GetString()}}"}"""));
            foreach (var id in block.GetProperty("message_ids").EnumerateArray())
            {
                calls.Add(Call(calls.Count, "get_message", $$"""{"message_id":"{{id.GetString()}}"}"""));
                calls.Add(Call(calls.Count, "get_proof", $$"""{"message_id":"{{id.GetString()}}"}"""));
            }
        }

        var answers = new Answers();
        foreach (var page in calls.Chunk(PageCalls))
        {
            var request = $"[{string.Join(',', page)}]";
            answers._pages.Add(new Page(page, request, (await rpc.PostAsync(request)).Text));
        }

        return answers;
    }

    /// <summary>
    /// Asks another node the same, and gives the first call whose answer is not there yet; null where all are the same. A node may say that it does
    /// not have something, or not now, or know a message by the leader's word alone; anything else that is not the same answer is a
    /// wrong byte and fails.
    /// </summary>
    public async Task<string?> FindMissingAsync(RpcClient rpc)
    {
        string? missing = null;
        foreach (var page in _pages)
        {
            var (_, text) = await rpc.PostAsync(page.Request);
            if (text != page.Text)
            {
                missing ??= Compare(page, text);
            }
        }

        return missing;
    }

    private static string? Compare(Page page, string text)
    {
        using var expected = JsonDocument.Parse(page.Text);
        using var actual = JsonDocument.Parse(text);
        Assert.Equal(page.Calls.Count, actual.RootElement.GetArrayLength());
        string? missing = null;
        for (var i = 0; i < page.Calls.Count; i++)
        {
            var (right, given) = (expected.RootElement[i], actual.RootElement[i]);
            if (right.GetRawText() != given.GetRawText())
            {
                Assert.True(IsPassing(given), $"a wrong answer to {page.Calls[i]}:\n{given}\nand not\n{right}");
                missing ??= $"{page.Calls[i]} gives {given}";
            }
        }

        return missing;
    }

    private static bool IsPassing(JsonElement answer) => answer.TryGetProperty("error", out var error)
        ? error.GetProperty("code").GetInt32() is NotFound or Unavailable
        : answer.GetProperty("result").TryGetProperty("status", out var status) && status.GetString() == "pending";

    private static string Call(int id, string method, string parameters) => $$"""{"jsonrpc":"2.0","id":{{id}},"method":"{{method}}","params":{{parameters}}}""";

    // Calls that are made at once, and the text that answers them all.
    private sealed record Page(IReadOnlyList<string> Calls, string Request, string Text);
}
