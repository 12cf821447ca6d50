using System.Globalization;
using Xunit;

namespace Kimura.Tests.Integration.Harness;

/// <summary>What a node's <c>/metrics</c> says at one moment.</summary>
internal sealed class Metrics
{
    private readonly Dictionary<string, double> _samples = new(StringComparer.Ordinal);

    private Metrics(string text)
    {
        foreach (var line in text.Split('\n').Where(line => line.Length > 0 && line[0] != '#'))
        {
            var space = line.LastIndexOf(' ');
            Assert.True(_samples.TryAdd(line[..space], double.Parse(line[(space + 1)..], CultureInfo.InvariantCulture)), $"{line} is there twice");
        }
    }

    public static async Task<Metrics> ReadAsync(RpcClient rpc)
    {
        var (status, text) = await rpc.GetAsync("metrics");
        Assert.Equal(200, status);
        var names = text.Split('\n').Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(line => line.Split(' ')[2]);
        Assert.Empty(names.GroupBy(name => name, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => group.Key));
        return new Metrics(text);
    }

    /// <summary>The value of a sample, 0 where there is none.</summary>
    public double Value(string name) => _samples.GetValueOrDefault(name);

    /// <summary>The sum of all samples with a name and a label.</summary>
    public double Sum(string name, string label) => _samples
        .Where(sample => sample.Key.StartsWith(name + "{", StringComparison.Ordinal) && sample.Key.Contains(label, StringComparison.Ordinal))
        .Sum(sample => sample.Value);
}
