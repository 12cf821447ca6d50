using System.Collections.Concurrent;
using Kimura.Tests.Integration.Harness;
using Microsoft.Playwright;
using Xunit;

namespace Kimura.Tests.Browser;

/// <summary>One browser and one node for all tests; each page comes in a profile of its own.</summary>
public sealed class Explorer : IAsyncLifetime
{
    private static readonly string[] Programs = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    // A closed network, perhaps as root, and nothing of the browser's own that would want to be elsewhere.
    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--disable-dev-shm-usage", "--force-color-profile=srgb",
    ];

    private TempDirectory? _folder;
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private string? _missing;

    internal NodeProcess Node { get; private set; } = null!;

    internal RpcClient Rpc { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var program = Environment.GetEnvironmentVariable("KIMURA_CHROMIUM") ?? Programs.FirstOrDefault(File.Exists);
        if (program is null)
        {
            _missing = "no Chromium here: install your system's package chromium, or name the program in KIMURA_CHROMIUM";
            return;
        }

        _folder = new TempDirectory();
        Node = await NodeProcess.StartTestModeAsync(_folder.PathOf("data"), "--chain-id", "explorer-test", "--rate-limit", "0");
        Rpc = Node.Client();
        var (_, root) = await Rpc.GetAsync("/");
        if (root.Contains("not part of this build", StringComparison.Ordinal))
        {
            _missing = "this build has no explorer: install Node.js 20 or later, and build with blockchain.py";
            return;
        }

        Assertions.SetDefaultExpectTimeout((float)Limits.Step.TotalMilliseconds);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = program, Args = Arguments, Timeout = 60_000 });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
        Rpc?.Dispose();
        if (Node is not null)
        {
            await Node.DisposeAsync();
        }

        _folder?.Dispose();
    }

    /// <summary>Opens the explorer of the node, or of a proxy before it.</summary>
    internal async Task<ExplorerPage> OpenAsync(string route = "", Uri? address = null, BrowserNewContextOptions? options = null, string? script = null)
    {
        Assert.SkipWhen(_missing is not null, _missing ?? "");
        var context = await _browser!.NewContextAsync(options ?? new() { ViewportSize = new() { Width = 1280, Height = 900 } });
        context.SetDefaultTimeout((float)Limits.Step.TotalMilliseconds);
        var page = new ExplorerPage(context, await context.NewPageAsync(), address ?? Node.Address);
        if (script is not null)
        {
            await page.Page.AddInitScriptAsync(script);
        }

        await page.GoAsync(route);
        return page;
    }
}

/// <summary>A page whose console must stay empty and whose requests must stay with its node.</summary>
internal sealed class ExplorerPage : IAsyncDisposable
{
    private static readonly string Screenshots = Repository.PathOf("artifacts", "tests", "browser", "screenshots");

    private readonly IBrowserContext _context;
    private readonly Uri _address;
    private readonly ConcurrentQueue<string> _faults = [];

    public ExplorerPage(IBrowserContext context, IPage page, Uri address)
    {
        _context = context;
        _address = address;
        Page = page;
        page.Console += (_, message) => _faults.Enqueue($"console {message.Type}: {message.Text}");
        page.PageError += (_, error) => _faults.Enqueue($"error: {error}");
        page.Request += (_, request) => CheckHost(request.Url);
        page.WebSocket += (_, socket) => CheckHost(socket.Url);
    }

    public IPage Page { get; }

    /// <summary>Goes to a route, as somebody who types the address would.</summary>
    public async Task GoAsync(string route)
    {
        await Page.GotoAsync($"{_address}#/{route}");
        await Page.Locator("main .page").WaitForAsync();
    }

    public Task ShootAsync(string name) =>
        Page.ScreenshotAsync(new() { Path = Path.Combine(Screenshots, $"{name}.png"), Animations = ScreenshotAnimations.Disabled });

    public async ValueTask DisposeAsync()
    {
        await _context.DisposeAsync();
        Assert.Empty(_faults);
    }

    private void CheckHost(string url)
    {
        if (new Uri(url).Authority != _address.Authority)
        {
            _faults.Enqueue($"a request to {url}");
        }
    }
}
