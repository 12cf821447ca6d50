using Kimura.Silo;
using Kimura.Silo.Backups.Commands;
using Kimura.Silo.Configuration;

if (args is [BackupCommandLine.Name, ..])
{
    return await BackupProgram.RunAsync(args);
}

var commandLine = new CommandLine();
var arguments = commandLine.Parse(args);
return commandLine.AsksForText(arguments)
    ? await arguments.InvokeAsync()
    : await NodeProgram.RunAsync(() => ConfigurationReader.Read(OptionValues.Read(arguments, commandLine.Options, Environment.GetEnvironmentVariable)));
