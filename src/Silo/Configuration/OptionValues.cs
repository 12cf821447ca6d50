using System.CommandLine;
using System.Text.Json;

namespace Kimura.Silo.Configuration;

/// <summary>The raw values of the options with where each came from: command line before environment before file.</summary>
internal sealed class OptionValues
{
    private readonly Dictionary<string, (string Source, IReadOnlyList<string> Values)> _values = new(StringComparer.Ordinal);

    /// <summary>The value and the name to blame for it; null where it was not given.</summary>
    public (string Source, string Value)? Find(string name) => _values.TryGetValue(name, out var found) ? (found.Source, found.Values[^1]) : null;

    /// <summary>All values of a repeatable option.</summary>
    public (string Source, IReadOnlyList<string> Values)? FindAll(string name) => _values.TryGetValue(name, out var found) ? found : null;

    /// <summary>Takes values that nothing stronger has given.</summary>
    public void Add(OptionSpec spec, string source, IReadOnlyList<string> values)
    {
        if (values.Count > 0)
        {
            _values.TryAdd(spec.Name, (source, values));
        }
    }

    /// <summary>Reads the command line, the environment, and the file that either names.</summary>
    /// <exception cref="ConfigurationException">An unknown option or key, or a file that cannot be read.</exception>
    public static OptionValues Read(ParseResult arguments, IReadOnlyDictionary<OptionSpec, Option> options, Func<string, string?> environment)
    {
        if (arguments.Errors.Count > 0)
        {
            throw new ConfigurationException(arguments.Errors[0].Message);
        }

        var values = new OptionValues();
        foreach (var (spec, option) in options)
        {
            values.Add(spec, spec.Flag, option switch
            {
                Option<bool> flag when arguments.GetResult(flag) is { Implicit: false } => [arguments.GetValue(flag) ? "true" : "false"],
                Option<string[]> texts => arguments.GetValue(texts) ?? [],
                _ => [],
            });
        }

        foreach (var spec in options.Keys)
        {
            if (environment(spec.Variable) is { Length: > 0 } text)
            {
                values.Add(spec, spec.Variable, spec.IsRepeatable ? text.Split(',', StringSplitOptions.TrimEntries) : [text]);
            }
        }

        if (values.Find(OptionTable.Config) is var (_, path))
        {
            values.AddFile(path);
        }

        return values;
    }

    private void AddFile(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(
                File.ReadAllBytes(path), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new ConfigurationException($"{path}: must be one JSON object");
            }

            foreach (var property in document.RootElement.EnumerateObject())
            {
                var spec = OptionTable.All.FirstOrDefault(spec => spec.Key == property.Name && spec.Name != OptionTable.Config)
                    ?? throw new ConfigurationException($"{path}: unknown key '{property.Name}'");
                var source = $"{property.Name} in {path}";
                Add(spec, source, property.Value.ValueKind == JsonValueKind.Array && spec.IsRepeatable
                    ? [.. property.Value.EnumerateArray().Select(item => Text(item, source))]
                    : [Text(property.Value, source)]);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new ConfigurationException($"{path}: {exception.Message.ReplaceLineEndings(" ")}", exception);
        }
    }

    private static string Text(JsonElement value, string source) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        _ => throw new ConfigurationException($"{source}: must be a text, a number, true or false"),
    };
}
