using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Kimura.Tests.Integration.Flipping;

/// <summary>What a node in this process logs.</summary>
internal sealed class NodeLog : ILoggerProvider
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyList<string> Lines => [.. _lines];

    /// <summary>True where the node met damage of any kind, or put something right.</summary>
    public bool SpeaksOfDamage => _lines.Any(line =>
        line.Contains("Damage found", StringComparison.Ordinal) || line.Contains("is damaged", StringComparison.Ordinal)
        || line.Contains("flipped bit", StringComparison.Ordinal) || line.Contains("Mended", StringComparison.Ordinal));

    public ILogger CreateLogger(string categoryName) => new Lined(_lines, categoryName);

    public void Dispose()
    {
    }

    private sealed class Lined(ConcurrentQueue<string> lines, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information && !category.StartsWith("Microsoft", StringComparison.Ordinal);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                lines.Enqueue($"{logLevel} {category}: {formatter(state, exception)} {exception}");
            }
        }
    }
}
