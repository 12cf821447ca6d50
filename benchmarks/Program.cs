using Kimura.Benchmarks;
using Kimura.Benchmarks.Backups;
using Kimura.Benchmarks.Cluster;
using Kimura.Benchmarks.Ingest;
using Kimura.Benchmarks.Micro;
using Kimura.Benchmarks.Network;
using Kimura.Benchmarks.Reports;
using Kimura.Benchmarks.Sockets;

if (!BenchmarkOptions.TryParse(args, out var options, out var problem))
{
    await Console.Error.WriteLineAsync(problem);
    return 2;
}

if (options.Help)
{
    Console.WriteLine(BenchmarkOptions.Usage);
    return 0;
}

try
{
    var place = DataDirectory.Choose(options.DataPath);
    var report = new Report(options, place);
    if (options.RunsMicro)
    {
        await MicroBenchmarks.RunAsync(report, place);
    }

    var whole = !options.RunsIngest || await IngestBenchmark.RunAsync(options, report, place);
    if (options.RunsNetwork)
    {
        await NetworkBenchmark.RunAsync(options, report, place);
    }

    if (options.RunsSockets)
    {
        await SocketsBenchmark.RunAsync(options, report, place);
    }

    if (options.RunsBackups)
    {
        await BackupBenchmark.RunAsync(options, report, place);
    }

    if (options.RunsCluster)
    {
        await ClusterBenchmark.RunAsync(options, report, place);
    }

    report.Save(options.ReportPath);
    return whole ? 0 : 1;
}
catch (BenchmarkException exception)
{
    await Console.Error.WriteLineAsync(exception.Message);
    return 2;
}
