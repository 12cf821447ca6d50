using Kimura.Libp2p;
using Kimura.Storage;
using Kimura.Tests.Simulation.Engine;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Kimura.Tests.Simulation.Node;

/// <summary>
/// What a node logs: for the trace; and a failure that only a bug can cause ends the history, whoever swallowed it.
/// </summary>
internal sealed class NodeLog(Life life, Action<ViolationException> onBug) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("the log goes to the trace alone");

    public void Dispose()
    {
    }

    private static bool IsOfTheWorld(Exception exception) => exception is StorageException or Libp2pException or OperationCanceledException
        or OrleansException or TimeoutException || (exception is AggregateException many && many.InnerExceptions.All(IsOfTheWorld));

    private sealed class Logger(NodeLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) =>
            logLevel >= LogLevel.Warning || (log.Life.World.Audit.IsTraced && logLevel >= LogLevel.Information);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }

            var world = log.Life.World;
            var line = $"{log.Life.Name} {category}: {formatter(state, exception)}{(exception is null ? "" : $": {exception.Message}")}";
            if (world.Audit.IsTraced)
            {
                world.Audit.Trace(line);
            }

            if (exception is not null && !IsOfTheWorld(exception))
            {
                log.OnBug(world.Violation($"{line}{Environment.NewLine}{exception}"));
            }
        }
    }

    private Life Life => life;

    private Action<ViolationException> OnBug => onBug;
}
