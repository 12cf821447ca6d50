using System.CommandLine;

namespace Kimura.Silo.Configuration;

/// <summary>The options of <see cref="OptionTable"/> on the command line.</summary>
internal sealed class CommandLine
{
    private readonly RootCommand _command = new("A Kimura node: a leader that puts signed messages into durable, signed blocks.");

    public CommandLine()
    {
        foreach (var option in Options.Values)
        {
            _command.Add(option);
        }

        // What runs where nothing else is asked for (help, version) is the node, and the caller's business.
        _command.SetAction(static (_, _) => Task.FromResult(ExitCode.Stopped));
    }

    /// <summary>Each option's form on the command line.</summary>
    public IReadOnlyDictionary<OptionSpec, Option> Options { get; } = OptionTable.All.ToDictionary(
        spec => spec, OptionOf);

    /// <summary>An option's form on a command line.</summary>
    public static Option OptionOf(OptionSpec spec) => spec.IsFlag
        ? new Option<bool>(spec.Flag) { Description = spec.Help }
        : new Option<string[]>(spec.Flag) { Description = spec.Help, HelpName = spec.Placeholder, Arity = ArgumentArity.OneOrMore };

    /// <summary>Parses the arguments; what is wrong with them is in the result.</summary>
    public ParseResult Parse(IReadOnlyList<string> arguments) => _command.Parse(arguments);

    /// <summary>True if the arguments ask for the help or version text, which <see cref="ParseResult.InvokeAsync"/> prints.</summary>
    public bool AsksForText(ParseResult arguments) =>
        arguments.Action is { } action && arguments.CommandResult.Command == _command && arguments.Errors.Count == 0 && action != _command.Action;
}
