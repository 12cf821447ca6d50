using Kimura.Benchmarks.Micro;

namespace Kimura.Benchmarks.Ingest;

/// <summary>
/// What parsing a key and verifying one signature costs here and now, in microseconds of processor time: what else runs on the machine
/// does not count, just as in the node's figure.
/// </summary>
internal static class BareCost
{
    private const int Rounds = 7;
    private const int CallsARound = 8_192;
    private static readonly SignedDigest[] Signed = SignedDigests.Make(256);

    /// <summary>The median of several rounds with so many threads at work at once.</summary>
    public static double Measure(int threads)
    {
        Round(threads);
        return Enumerable.Range(0, Rounds).Select(_ => Round(threads)).Order().ElementAt(Rounds / 2);
    }

    private static double Round(int threads)
    {
        var before = Environment.CpuUsage.TotalTime;
        var workers = Enumerable.Range(0, threads).Select(_ => new Thread(VerifyAll)).ToList();
        workers.ForEach(worker => worker.Start());
        workers.ForEach(worker => worker.Join());
        return (Environment.CpuUsage.TotalTime - before).TotalMicroseconds / (threads * CallsARound);
    }

    private static void VerifyAll()
    {
        for (var i = 0; i < CallsARound; i++)
        {
            Signed[i % Signed.Length].Verify();
        }
    }
}
