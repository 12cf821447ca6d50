using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Kimura.Tests.Unit.Storage;

/// <summary>Keeps what was logged.</summary>
internal sealed class ListLogger : ILogger
{
    internal ConcurrentQueue<(LogLevel Level, string Text)> Lines { get; } = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue((logLevel, formatter(state, exception)));
}

/// <summary>Gives every category the same list.</summary>
internal sealed class ListLoggerProvider(ListLogger log) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => log;

    public void Dispose()
    {
    }
}
