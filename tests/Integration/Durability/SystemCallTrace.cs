using System.Text.RegularExpressions;

namespace Kimura.Tests.Integration.Durability;

/// <summary>
/// A system call of a trace: its text as strace prints it, from the name on, and where in the trace it was entered and left. Whatever a
/// call has caused was entered after the call was left.
/// </summary>
internal sealed record SystemCall(string Name, string Text, int Entered, int Left)
{
    public bool Succeeded => Text.Contains(") = ", StringComparison.Ordinal) && !Text.Contains(") = -1 ", StringComparison.Ordinal);

    public bool IsSend => Name is "sendto" or "sendmsg" or "write" or "writev";

    public bool IsReceive => Name is "recvfrom" or "recvmsg" or "read" or "readv";

    public bool IsWrite => Name is "write" or "writev" or "pwrite64" or "pwritev" or "pwritev2";

    public bool IsSync => Name is "fdatasync" or "fsync";

    /// <summary>What the first argument's descriptor stands for (-y).</summary>
    public string Path
    {
        get
        {
            var start = Text.IndexOf('<', StringComparison.Ordinal) + 1;
            var end = Text.IndexOf('>', StringComparison.Ordinal);
            return start > 0 && end > start ? Text[start..end] : "";
        }
    }

    public override string ToString() => $"{Entered}-{Left} {(Text.Length > 200 ? Text[..200] : Text)}";
}

/// <summary>The output of <c>strace -f -ttt -y</c>: calls that were interrupted by another thread's are put together again.</summary>
internal static partial class SystemCallTrace
{
    public static IReadOnlyList<SystemCall> Parse(IEnumerable<string> lines)
    {
        const string Unfinished = " <unfinished ...>";
        var calls = new List<SystemCall>();
        var open = new Dictionary<string, (string Name, string Text, int Entered)>(StringComparer.Ordinal);
        var at = 0;
        foreach (var line in lines)
        {
            at++;
            if (ResumedPattern().Match(line) is { Success: true } resumed)
            {
                // What was in flight when the trace began is not known by its entry.
                if (open.Remove(resumed.Groups["thread"].Value, out var call))
                {
                    calls.Add(new SystemCall(call.Name, call.Text + resumed.Groups["rest"].Value, call.Entered, at));
                }
            }
            else if (CallPattern().Match(line) is { Success: true } entered)
            {
                var (name, text) = (entered.Groups["name"].Value, entered.Groups["text"].Value);
                if (text.EndsWith(Unfinished, StringComparison.Ordinal))
                {
                    open[entered.Groups["thread"].Value] = (name, text[..^Unfinished.Length], at);
                }
                else
                {
                    calls.Add(new SystemCall(name, text, at, at));
                }
            }
        }

        return calls;
    }

    [GeneratedRegex(@"^(?<thread>\d+)\s+[\d.]+ (?<text>(?<name>[a-z_0-9]+)\(.*)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CallPattern();

    [GeneratedRegex(@"^(?<thread>\d+)\s+[\d.]+ <\.\.\. [a-z_0-9]+ resumed>(?<rest>.*)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ResumedPattern();
}
