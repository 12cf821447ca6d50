using System.Net;
using System.Text.RegularExpressions;
using Xunit;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>The explorer's files, as they are served; and what is there without them.</summary>
[Collection(GatewayCollection.Name)]
public sealed partial class ExplorerPagesTests(SharedNode shared)
{
    [Fact]
    public async Task A_browser_gets_the_page_or_how_to_get_it_and_a_program_the_overview()
    {
        var (text, page) = (await shared.Node.GetAsync("/"), await BrowseAsync("/"));
        Assert.StartsWith("text/plain", text.ContentHeaders.ContentType!.ToString(), StringComparison.Ordinal);
        Assert.Contains("POST /", text.Text, StringComparison.Ordinal);
        Assert.Equal("Accept", page.Headers.Vary.ToString());
        if (text.Text.Contains("not part of this build", StringComparison.Ordinal))
        {
            Assert.Equal(text.Text, page.Text);
            return;
        }

        Assert.Equal("text/html; charset=utf-8", page.ContentHeaders.ContentType!.ToString());
        var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'none';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        var named = Reference().Matches(page.Text).Select(match => match.Groups["path"].Value).ToList();
        Assert.NotEmpty(named);
        foreach (var path in named)
        {
            var file = await shared.Node.GetAsync(path);
            Assert.Equal(HttpStatusCode.OK, file.Status);
            Assert.Equal("nosniff", Assert.Single(file.Headers.GetValues("X-Content-Type-Options")));
            Assert.Equal(path.StartsWith("/assets/", StringComparison.Ordinal), file.Headers.CacheControl!.ToString().Contains("immutable"));
            using var again = new HttpRequestMessage(HttpMethod.Get, path);
            again.Headers.IfNoneMatch.Add(file.Headers.ETag!);
            Assert.Equal(HttpStatusCode.NotModified, (await shared.Node.SendAsync(again)).Status);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await shared.Node.GetAsync("/assets/none.js")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await shared.Node.GetAsync("/index.html")).Status);
    }

    private Task<Reply> BrowseAsync(string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/html,application/xhtml+xml,*/*;q=0.8");
        return shared.Node.SendAsync(request);
    }

    [GeneratedRegex("(src|href)=\"\\.(?<path>/[^\"]+)\"", RegexOptions.ExplicitCapture)]
    private static partial Regex Reference();
}
