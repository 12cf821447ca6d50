using System.Runtime.InteropServices;
using System.Text;

namespace Kimura.Benchmarks.Reports;

/// <summary>A Markdown report, printed while it grows.</summary>
internal sealed class Report
{
    private readonly StringBuilder _text = new();

    public Report(BenchmarkOptions options, DataDirectory place)
    {
        Line($"# Benchmark: {options.What}");
        Line();
        Table(["machine", ""],
        [
            ["processor", $"{Machine.Processor}, {Environment.ProcessorCount} cores"],
            ["memory", Machine.Memory],
            ["system", $"{RuntimeInformation.OSDescription}, kernel {Machine.Kernel}"],
            ["runtime", RuntimeInformation.FrameworkDescription],
            ["file system", place.FileSystem],
            ["load before", Machine.Load()],
            .. options.Date is null ? [] : (string[][])[["date", options.Date]],
        ]);
    }

    public void Heading(string text)
    {
        Line($"## {text}");
        Line();
    }

    public void Paragraph(string text)
    {
        Line(text);
        Line();
    }

    public void Table(string[] head, IEnumerable<string[]> rows)
    {
        Line($"| {string.Join(" | ", head)} |");
        Line($"|{string.Concat(head.Select(_ => " --- |"))}");
        foreach (var row in rows)
        {
            Line($"| {string.Join(" | ", row)} |");
        }

        Line();
    }

    public void Save(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, _text.ToString().TrimEnd() + "\n");
    }

    private void Line(string text = "")
    {
        _text.Append(text.TrimEnd()).Append('\n');
        Console.WriteLine(text);
    }
}
