using Kimura.Tests.Unit.Architecture;
using Xunit;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>docs/rpc.md is made from the OpenRPC document; run this with KIMURA_WRITE_DOCS=1 to make it again.</summary>
[Collection(GatewayCollection.Name)]
public sealed class RpcPageTests(SharedNode shared)
{
    [Fact]
    public async Task The_page_says_what_the_document_says()
    {
        var path = Repository.PathOf("docs", "rpc.md");
        var made = RpcPage.Write((await shared.Node.GetAsync("/openrpc.json")).Json);
        if (Environment.GetEnvironmentVariable("KIMURA_WRITE_DOCS") == "1")
        {
            await File.WriteAllTextAsync(path, made);
        }

        Assert.True(made == await File.ReadAllTextAsync(path), "docs/rpc.md is out of date: run this test with KIMURA_WRITE_DOCS=1");
    }
}
