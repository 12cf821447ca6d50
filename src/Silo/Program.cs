using System.CommandLine;
using Kimura.Silo;
using Kimura.Silo.Configuration;

var options = OptionTable.All.ToDictionary(
    spec => spec,
    spec => spec.IsFlag
        ? (Option)new Option<bool>(spec.Flag) { Description = spec.Help }
        : new Option<string[]>(spec.Flag) { Description = spec.Help, HelpName = spec.Placeholder, Arity = ArgumentArity.OneOrMore });
var command = new RootCommand("A Kimura node: a leader that puts signed messages into durable, signed blocks.");
foreach (var option in options.Values)
{
    command.Add(option);
}

command.SetAction((_, _) => Task.FromResult(ExitCode.Stopped));
var arguments = command.Parse(args);
return arguments.Action is { } action && arguments.CommandResult.Command == command && arguments.Errors.Count == 0 && action != command.Action
    ? await arguments.InvokeAsync()
    : await NodeProgram.RunAsync(() => ConfigurationReader.Read(OptionValues.Read(arguments, options, Environment.GetEnvironmentVariable)));
