using Kimura.Silo.Configuration;
using Kimura.Tests.Unit.Storage;

namespace Kimura.Tests.Unit.Silo;

/// <summary>What a node was given: a command line, an environment and a file named <c>node.json</c>.</summary>
internal sealed class Given : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);

    public string FilePath => _folder["node.json"];

    public Given With(string variable, string value)
    {
        _environment[variable] = value;
        return this;
    }

    public Given WithFile(string json)
    {
        File.WriteAllText(FilePath, json);
        return With("KIMURA_CONFIG", FilePath);
    }

    /// <summary>Arguments are split at blanks.</summary>
    public NodeConfiguration Read(string arguments = "") => Read(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    public NodeConfiguration Read(string[] arguments)
    {
        var commandLine = new CommandLine();
        return ConfigurationReader.Read(OptionValues.Read(commandLine.Parse(arguments), commandLine.Options, _environment.GetValueOrDefault));
    }

    /// <summary>The one line of the refusal, with the file's path as <c>FILE</c>.</summary>
    public string Refused(string arguments = "") =>
        Xunit.Assert.Throws<ConfigurationException>(() => Read(arguments)).Message.Replace(FilePath, "FILE", StringComparison.Ordinal);

    public void Dispose() => _folder.Dispose();
}
