using Orleans.Runtime;

namespace Kimura.Embedded.Timers;

internal static class GrainTimer
{
    internal static IGrainTimer Start(IGrainContext context, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options) =>
        throw new NotSupportedException();
}
