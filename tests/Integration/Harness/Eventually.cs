using System.Diagnostics;

namespace Kimura.Tests.Integration.Harness;

/// <summary>The one place that polls: where a process gives no event to wait for.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Waits until the condition holds.</summary>
    /// <exception cref="TimeoutException">It did not, within the limit.</exception>
    public static Task HoldsAsync(Func<Task<bool>> condition, string what, TimeSpan? limit = null) =>
        ValueAsync(async () => await condition() ? "" : null, what, limit);

    /// <summary>Waits until there is a value.</summary>
    /// <exception cref="TimeoutException">There was none, within the limit.</exception>
    public static async Task<T> ValueAsync<T>(Func<Task<T?>> find, string what, TimeSpan? limit = null)
        where T : class
    {
        var started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(Pause);
        while (true)
        {
            if (await find() is { } value)
            {
                return value;
            }

            if (Stopwatch.GetElapsedTime(started) > (limit ?? Limits.Step))
            {
                throw new TimeoutException($"{what}: not within {limit ?? Limits.Step}");
            }

            await timer.WaitForNextTickAsync();
        }
    }
}
