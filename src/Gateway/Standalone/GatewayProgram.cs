using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kimura.Gateway.Standalone;

/// <summary>A gateway in a process of its own, from its options to its exit code (protocol section 8).</summary>
internal static class GatewayProgram
{
    private const int Stopped = 0;
    private const int BadOption = 2;
    private const int PortTaken = 4;

    private static async Task<int> Main(string[] args)
    {
        var arguments = new GatewayArguments(Environment.GetEnvironmentVariable);
        var parsed = arguments.Parse(args);
        if (arguments.AsksForText(parsed))
        {
            return await parsed.InvokeAsync();
        }

        try
        {
            if ((ClusterClient.Missing ?? (parsed.Errors.Count > 0 ? parsed.Errors[0].Message : null)) is { } problem)
            {
                throw new FormatException(problem);
            }

            return await ServeAsync(arguments.Cluster(parsed), arguments.Options(parsed));
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            await Console.Error.WriteLineAsync(exception.Message.ReplaceLineEndings(" "));
            return BadOption;
        }
        catch (IOException exception) when (exception.InnerException is AddressInUseException or SocketException)
        {
            await Console.Error.WriteLineAsync(exception.Message.ReplaceLineEndings(" "));
            return PortTaken;
        }
    }

    private static async Task<int> ServeAsync(ClusterAddress cluster, GatewayOptions options)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Orleans", LogLevel.Error).AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
        });
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(options.RpcHost, options.RpcPort));
        builder.Services.AddSingleton(TimeProvider.System);
        ClusterClient.Add(builder, cluster);
        builder.Services.AddKimuraGateway(options);
        await using var app = builder.Build();
        app.UseKimuraGateway();
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Console.WriteLine($"Kimura gateway is ready: JSON-RPC at {address}/");
        await app.WaitForShutdownAsync();
        return Stopped;
    }
}
