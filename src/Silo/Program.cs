using Kimura.Silo;
using Kimura.Silo.Configuration;

var commandLine = new CommandLine();
var arguments = commandLine.Parse(args);
return commandLine.AsksForText(arguments)
    ? await arguments.InvokeAsync()
    : await NodeProgram.RunAsync(() => ConfigurationReader.Read(OptionValues.Read(arguments, commandLine.Options, Environment.GetEnvironmentVariable)));
