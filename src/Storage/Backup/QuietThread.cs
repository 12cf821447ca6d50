using System.Runtime.InteropServices;

namespace Kimura.Storage.Backup;

/// <summary>Long work on a thread of its own, which on Linux gets what the node's other threads leave of the processors.</summary>
public static partial class QuietThread
{
    private const int ProcessPriority = 0;
    private const int Niceness = 15;

    /// <summary>Runs the work; completes with its result or its exception.</summary>
    public static Task<T> RunAsync<T>(Func<T> work)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                if (OperatingSystem.IsLinux())
                {
                    // Of the calling thread alone, there. Without the right to it the work is as right, and less quiet.
                    _ = SetPriority(ProcessPriority, 0, Niceness);
                }

                result.SetResult(work());
            }
            catch (Exception exception)
            {
                result.SetException(exception);
            }
        })
        {
            IsBackground = true,
            Name = "kimura-backup",
        }.Start();
        return result.Task;
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int niceness);
}
