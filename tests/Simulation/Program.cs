using System.Diagnostics;
using System.Text.Json;
using Kimura.Tests.Simulation;

return Options.TryRead(args, out var options) ? Run(options) : Refuse();

// One line of JSON for each seed, as soon as it is done. 1: some broke a promise.
static int Run(Options options)
{
    var whole = Stopwatch.StartNew();
    var code = 0;
    for (var seed = options.First; seed <= options.Last && whole.Elapsed < options.Limit; seed += options.Step)
    {
        var watch = Stopwatch.StartNew();
        var outcome = History.Live(seed, options.IsTraced ? Console.Error : null);
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            seed,
            hash = outcome.Hash,
            simulated = outcome.Time.TotalSeconds,
            took = watch.Elapsed.TotalSeconds,
            height = outcome.Height,
            answered = outcome.Answered,
            submitted = outcome.Submissions,
            faults = outcome.Faults.Select(static fault => fault.ToString()),
            violation = outcome.Violation,
        }));
        code = outcome.Violation is null ? code : 1;
    }

    return code;
}

static int Refuse()
{
    Console.Error.WriteLine("simulation: --seeds A..B [--step N] [--limit SECONDS] [--trace]");
    return 2;
}
