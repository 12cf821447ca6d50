using System.Net.Sockets;
using System.Runtime.InteropServices;
using Kimura.Cryptography;
using Kimura.Durability;
using Kimura.Silo.Configuration;
using Kimura.Silo.Hosting;
using Kimura.Storage;
using Kimura.Storage.Log;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Kimura.Silo;

/// <summary>A node from its options to its exit code.</summary>
internal static partial class NodeProgram
{
    // Starts anew over damage in the database's files, in one process's life: a disk that damages them again and again should not be used.

    public static async Task<int> RunAsync(Func<NodeConfiguration> read)
    {
        using var logging = LoggerFactory.Create(AddLogging);
        var logger = logging.CreateLogger("Kimura.Silo");
        using var stopping = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            ArmWriteFault();
            var configuration = read();
            using var tracing = Tracing.Start(Environment.GetEnvironmentVariable);
            LogEngine(logger, KimuraNode.Version, KimuraNode.Engine);
            if (configuration.ClusterDb is { } database && !EngineWiring.HasTransport)
            {
                LogNoTransport(logger, database);
            }

            return await ServeAsync(configuration, logger, stopping.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            LogShutdown(logger);
            return ExitCode.Stopped;
        }
        catch (Exception exception) when (ExitCodeOf(exception) is { } code)
        {
            await Console.Error.WriteLineAsync(OneLine(exception));
            return code;
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stopping.Cancel();
        }
    }

    private static async Task<int> ServeAsync(NodeConfiguration configuration, ILogger logger, CancellationToken stopping)
    {
        if (await NodeLoop.RunAsync(configuration, TimeProvider.System, AddLogging, Announce, logger, stopping) is { } failure)
        {
            await Console.Error.WriteLineAsync(OneLine(failure));
            return ExitCodeOf(failure) ?? ExitCode.StorageFailed;
        }

        LogShutdown(logger);
        return ExitCode.Stopped;
    }

    private static void Announce(KimuraNode node)
    {
        foreach (var address in node.NetworkAddresses)
        {
            Console.WriteLine(address);
        }

        Console.WriteLine($"Kimura is ready: JSON-RPC at {node.RpcAddress}");
    }

    // For those who test what the node does when a disk fails or the process ends in the middle: docs/decisions/write-sites.md.
    public static void ArmWriteFault()
    {
        if (Environment.GetEnvironmentVariable(WriteFault.Variable) is { Length: > 0 } text)
        {
            WriteSite.Arm(WriteFault.TryParse(text, Console.Error, out var fault)
                ? fault
                : throw new ConfigurationException($"{WriteFault.Variable}: '{text}' is not 'trace' or 'stop|fail:before|after:N'"));
        }
    }

    /// <summary>The exit code for what a command of this program ends with; null for a bug.</summary>
    public static int? ExitCodeOf(Exception exception) => exception switch
    {
        ConfigurationException or KeyFileException or NativeLibraryMissingException => ExitCode.BadOption,
        StorageException { Fault: StorageFault.Refused or StorageFault.Corrupt } => ExitCode.DatabaseRefused,
        StorageException { Fault: StorageFault.Locked } => ExitCode.PortOrLockTaken,
        StorageException => ExitCode.StorageFailed,
        IOException { InnerException: AddressInUseException or SocketException } or SocketException => ExitCode.PortOrLockTaken,
        _ => null,
    };

    /// <summary>What is said of it on standard error.</summary>
    public static string OneLine(Exception exception) => exception.Message.ReplaceLineEndings(" ");

    /// <summary>The program's log: one line an entry, on standard error.</summary>
    public static void AddLogging(ILoggingBuilder logging)
    {
        logging.Services.AddSingleton(TimeProvider.System);
        logging
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Orleans", LogLevel.Warning)
            // Advice about the garbage collector, at every start.
            .AddFilter("Orleans.Runtime.Silo", LogLevel.Error)
            // Its first look finds a thread that has not answered since the machine was started.
            .AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error)
            // A call that reached nobody, a grain that did not come up or move, another try to place it, each with its stack and at every stop too:
            // who made the call says so in a line.
            .AddFilter("Orleans.Messaging", LogLevel.Critical)
            .AddFilter("Orleans.Runtime.Messaging", LogLevel.Critical)
            .AddFilter("Orleans.Grain", LogLevel.Critical)
            .AddFilter("Orleans.Grain.InvokeException", LogLevel.Warning)
            .AddFilter("Polly", LogLevel.None)
            .AddConsoleFormatter<LineFormatter, ConsoleFormatterOptions>()
            .AddConsole(console =>
            {
                console.FormatterName = LineFormatter.FormatterName;
                console.LogToStandardErrorThreshold = LogLevel.Trace;
            });
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Kimura {Version}, {Engine} engine")]
    private static partial void LogEngine(ILogger logger, string version, string engine);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The embedded engine reaches no silo of another process: this one must be the only silo on {Database}. Several need the Orleans engine")]
    private static partial void LogNoTransport(ILogger logger, ClusterDatabase database);

    [LoggerMessage(Level = LogLevel.Information, Message = "Shutdown complete")]
    private static partial void LogShutdown(ILogger logger);
}
