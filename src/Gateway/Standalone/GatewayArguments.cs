using System.Globalization;
using System.Net;
using System.CommandLine;

namespace Kimura.Gateway.Standalone;

/// <summary>What a gateway in a process of its own is told: on the command line, or in the environment (<c>KIMURA_…</c>), which the command line wins over.</summary>
internal sealed class GatewayArguments
{
    private static readonly GatewayOptions Defaults = new();

    private readonly RootCommand _command = new("A Kimura gateway: JSON-RPC for a cluster of silos, in a process of its own.");
    private readonly Option<string> _clusterDb;
    private readonly Option<string> _clusterId;
    private readonly Option<string> _siloGateway;
    private readonly Option<string> _rpcHost;
    private readonly Option<string> _rpcPort;
    private readonly Option<string> _rateLimit;
    private readonly Option<string> _retryFor;
    private readonly Option<string[]> _origins;

    public GatewayArguments(Func<string, string?> environment)
    {
        _clusterDb = Text("cluster-db", "CONNECTION", "the PostgreSQL database in which the cluster's silos are listed; better in the environment than here, where others can read its password");
        _clusterId = Text("cluster-id", "ID", "the cluster's name (default kimura)");
        _siloGateway = Text("silo-gateway", "ADDRESS:PORT", "one silo's port for programs that call grains, without a database: for one machine");
        _rpcHost = Text("rpc-host", "ADDRESS", "address of the JSON-RPC gateway (default 127.0.0.1)");
        _rpcPort = Text("rpc-port", "N", "port of the JSON-RPC gateway, 0 for any free one (default 8545)");
        _rateLimit = Text("rate-limit", "N", "requests a second for one client address, with bursts of twice that; 0 = off (default 2000)");
        _retryFor = Text("retry-for-ms", "N", "how long what fails because a silo died is tried again (default 10000)");
        _origins = new Option<string[]>("--cors-origin") { Description = "origin of browser pages that may call (default *)", HelpName = "ORIGIN" };
        _command.Add(_origins);
        _command.SetAction(static (_, _) => Task.FromResult(0));

        Option<string> Text(string name, string placeholder, string help)
        {
            var variable = $"KIMURA_{name.Replace('-', '_').ToUpperInvariant()}";
            var option = new Option<string>($"--{name}") { Description = help, HelpName = placeholder, DefaultValueFactory = _ => environment(variable) ?? "" };
            _command.Add(option);
            return option;
        }
    }

    /// <summary>Parses; what is wrong is in the result.</summary>
    public ParseResult Parse(IReadOnlyList<string> arguments) => _command.Parse(arguments);

    /// <summary>True if the arguments ask for the help or version text.</summary>
    public bool AsksForText(ParseResult arguments) => arguments.Errors.Count == 0 && arguments.Action is { } action && action != _command.Action;

    /// <summary>How to find the cluster.</summary>
    /// <exception cref="FormatException">One line that names the option and why it cannot be.</exception>
    public ClusterAddress Cluster(ParseResult arguments)
    {
        var database = arguments.GetValue(_clusterDb)!;
        var gateway = arguments.GetValue(_siloGateway)!;
        var id = arguments.GetValue(_clusterId)!;
        if (database.Length == 0 == (gateway.Length == 0))
        {
            throw new FormatException("either --cluster-db or --silo-gateway must say where the cluster's silos are");
        }

        var endpoint = gateway.Length == 0 ? null
            : IPEndPoint.TryParse(gateway, out var parsed) && parsed.Port > 0 ? parsed
            : throw new FormatException($"--silo-gateway: '{gateway}' is not an address with a port, such as 127.0.0.1:30000");
        return new ClusterAddress(id.Length == 0 ? "kimura" : id, database.Length == 0 ? null : database, endpoint);
    }

    /// <summary>How the gateway listens and what it lets a client do.</summary>
    /// <exception cref="FormatException">One line that names the option and why it cannot be.</exception>
    public GatewayOptions Options(ParseResult arguments)
    {
        var host = arguments.GetValue(_rpcHost)!;
        return new GatewayOptions
        {
            RpcHost = host switch
            {
                "" => Defaults.RpcHost,
                "localhost" => IPAddress.Loopback,
                _ => IPAddress.TryParse(host, out var address) ? address : throw new FormatException($"--rpc-host: '{host}' is not an IP address"),
            },
            RpcPort = Number(arguments, _rpcPort, Defaults.RpcPort, 65_535),
            RateLimit = Number(arguments, _rateLimit, Defaults.RateLimit, 1_000_000_000),
            RetryFor = TimeSpan.FromMilliseconds(Number(arguments, _retryFor, 10_000, 600_000)),
            CorsOrigins = arguments.GetValue(_origins) is { Length: > 0 } origins ? [.. origins] : Defaults.CorsOrigins,
        };
    }

    private static int Number(ParseResult arguments, Option<string> option, int standard, int most)
    {
        var text = arguments.GetValue(option)!;
        return text.Length == 0 ? standard
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most ? number
            : throw new FormatException($"{option.Name}: '{text}' is not a whole number from 0 to {most}");
    }
}
