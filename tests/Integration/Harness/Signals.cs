using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Kimura.Tests.Integration.Harness;

/// <summary>Signals by process id.</summary>
internal static partial class Signals
{
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;

    /// <summary>
    /// Whether this process ignores SIGINT, as what a shell starts in the background does: its children would, too.
    /// </summary>
    public static bool InterruptIsIgnored { get; } = ReadIgnored();

    public static void Send(int processId, int signal)
    {
        if (SendNative(processId, signal) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    private static bool ReadIgnored()
    {
        const string Field = "SigIgn:";
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(Field, StringComparison.Ordinal));
        return (ulong.Parse(line[Field.Length..].Trim(), NumberStyles.HexNumber) & (1UL << (Interrupt - 1))) != 0;
    }

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendNative(int processId, int signal);
}
