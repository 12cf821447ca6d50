using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Kimura.Durability;

/// <summary>
/// What is to happen at the n-th write site of a process: <c>stop</c> ends it as SIGKILL would (nothing is flushed, no finally block
/// runs), <c>fail</c> is an <see cref="IOException"/>; <c>trace</c> only names the sites. Sites before and after are counted each for themselves.
/// Any thread may call.
/// </summary>
public sealed partial class WriteFault
{
    /// <summary>The environment variable that a host reads a fault from.</summary>
    public const string Variable = "KIMURA_WRITE_FAULT";

    private const int Kill = 9;
    private const string Trace = "trace";
    private readonly Lock _gate = new();
    private readonly string _act;
    private readonly WriteMoment _moment;
    private readonly int _number;
    private readonly TextWriter _log;
    private readonly Action _stop;
    private int _before;
    private int _after;

    private WriteFault(string act, WriteMoment moment, int number, TextWriter log, Action stop)
    {
        _act = act;
        _moment = moment;
        _number = number;
        _log = log;
        _stop = stop;
    }

    /// <summary>Reads <c>trace</c>, or <c>stop|fail:before|after:N</c> with N from 1; <paramref name="log"/> gets a line for what it does.</summary>
    public static bool TryParse(string text, TextWriter log, [NotNullWhen(true)] out WriteFault? fault) =>
        TryParse(text, log, StopProcess, out fault);

    internal static bool TryParse(string text, TextWriter log, Action stop, [NotNullWhen(true)] out WriteFault? fault)
    {
        var parts = text.Split(':');
        var moment = parts.ElementAtOrDefault(1) switch
        {
            "before" => WriteMoment.Before,
            "after" => WriteMoment.After,
            _ => WriteMoment.Unspecified,
        };
        fault = parts switch
        {
            [Trace] => new WriteFault(Trace, moment, 0, log, stop),
            ["stop" or "fail", _, var digits] when moment != WriteMoment.Unspecified
                && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
                => new WriteFault(parts[0], moment, number, log, stop),
            _ => null,
        };
        return fault is not null;
    }

    /// <exception cref="IOException">This is the site that is to fail.</exception>
    internal void Meet(string site, WriteMoment moment, bool canFail)
    {
        var isBefore = moment == WriteMoment.Before;
        lock (_gate)
        {
            var number = isBefore ? ++_before : ++_after;
            if (_act != Trace && (moment != _moment || number != _number))
            {
                return;
            }

            _log.WriteLine($"write site {number} {(isBefore ? "before" : "after")}: {site}");
            _log.Flush();
        }

        if (_act == "stop")
        {
            _stop();
        }
        else if (_act == "fail" && canFail)
        {
            throw new IOException($"injected fault at the write site '{site}'");
        }
    }

    private static void StopProcess() => _ = SendSignal(Environment.ProcessId, Kill);

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SendSignal(int process, int signal);
}
