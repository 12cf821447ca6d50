using System.Globalization;

namespace Kimura.Tests.Simulation;

/// <summary>Which seeds to run: from the first on, each <see cref="Step"/>th, as long as there is time.</summary>
internal sealed record Options(ulong First, ulong Last, ulong Step, TimeSpan Limit, bool IsTraced)
{
    public static bool TryRead(string[] arguments, out Options options)
    {
        options = new Options(1, 0, 1, TimeSpan.MaxValue, IsTraced: false);
        for (var i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] == "--trace")
            {
                options = options with { IsTraced = true };
            }
            else if (i + 1 == arguments.Length || !TryTake(arguments[i], arguments[++i], ref options))
            {
                return false;
            }
        }

        return options.Last >= options.First;
    }

    private static bool TryTake(string name, string value, ref Options options)
    {
        switch (name)
        {
            case "--seeds" when value.Split("..") is [var first, var last] && TryNumber(first, out var from) && TryNumber(last, out var to):
                options = options with { First = from, Last = to };
                return true;
            case "--step" when TryNumber(value, out var step) && step > 0:
                options = options with { Step = step };
                return true;
            case "--limit" when TryNumber(value, out var seconds):
                options = options with { Limit = TimeSpan.FromSeconds(seconds) };
                return true;
            default:
                return false;
        }
    }

    private static bool TryNumber(string text, out ulong number) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
