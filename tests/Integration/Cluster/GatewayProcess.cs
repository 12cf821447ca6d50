using System.Text.RegularExpressions;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Cluster;

/// <summary>A gateway in a process of its own, on a free port.</summary>
internal sealed partial class GatewayProcess : ChildProcess
{
    private GatewayProcess(IEnumerable<string> options, IReadOnlyDictionary<string, string>? environment = null)
        : base("dotnet", [Repository.GatewayProgram, .. options], environment)
    {
    }

    public Uri Address { get; private set; } = null!;

    /// <summary>Starts one and waits until it is ready: it found the cluster.</summary>
    public static Task<GatewayProcess> StartAsync(params string[] options) => StartAsync(new Dictionary<string, string>(), options);

    /// <summary>The same with more in its environment.</summary>
    public static async Task<GatewayProcess> StartAsync(IReadOnlyDictionary<string, string> environment, params string[] options)
    {
        var gateway = new GatewayProcess(["--rpc-port", "0", .. options], environment);
        var line = await gateway.Output.FindAsync(line => line.Contains("ready", StringComparison.Ordinal), Limits.Start);
        if (line is null)
        {
            Assert.Fail($"the gateway ended before it was ready: {await gateway.EndAsync()}");
        }

        gateway.Address = new Uri(AddressPattern().Match(line).Value);
        return gateway;
    }

    /// <summary>Runs one that is expected to refuse.</summary>
    public static async Task<Ending> RunAsync(params string[] options)
    {
        await using var gateway = new GatewayProcess(options);
        return await gateway.EndAsync(Limits.Start);
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:[0-9]+/", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex AddressPattern();
}
