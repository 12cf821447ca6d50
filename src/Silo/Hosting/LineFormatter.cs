using System.Net.Sockets;
using Kimura.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Kimura.Silo.Hosting;

/// <summary>
/// One line a log entry: time (UTC), level, category, message; an exception follows on lines of its own, unless storage or network are
/// behind it: that is no bug to be traced, and the line that says it must not be lost among traces.
/// </summary>
internal sealed class LineFormatter(TimeProvider time) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "line";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var now = time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ");
        var message = logEntry.Formatter(logEntry.State, logEntry.Exception).ReplaceLineEndings(" ");
        textWriter.Write($"{now} {Level(logEntry.LogLevel)} {logEntry.Category}: {message}");
        textWriter.WriteLine(logEntry.Exception switch
        {
            null => "",
            var exception when IsOfTheSystem(exception) => $": {exception.Message.ReplaceLineEndings(" ")}",
            var exception => $"{Environment.NewLine}{exception}",
        });
    }

    private static bool IsOfTheSystem(Exception exception) =>
        exception is StorageException or SocketException || (exception.InnerException is { } inner && IsOfTheSystem(inner));

    private static string Level(LogLevel level) => level switch
    {
        LogLevel.Trace => "trce",
        LogLevel.Debug => "dbug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "fail",
        _ => "crit",
    };
}
