using Orleans.Runtime;

namespace Kimura.Silo.Hosting;

/// <summary>
/// Ends the process where the other silos have declared this one dead, because it stood still for longer than they wait, or its network
/// did: nothing of this life counts any more, and a new one begins with a new start. Orleans' own handler leaves a crash report instead of a line.
/// </summary>
internal sealed class Expulsion : IFatalErrorHandler
{
    /// <inheritdoc />
    public bool IsUnexpected(Exception exception) => true;

    /// <inheritdoc />
    public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null)
    {
        Console.Error.WriteLine($"the cluster goes on without this silo; start it again: {(context ?? exception?.Message ?? "no reason given").ReplaceLineEndings(" ")}");
        Environment.Exit(ExitCode.Expelled);
    }
}
