using Kimura.Silo;
using Kimura.Silo.Backups.Commands;
using Kimura.Silo.Cluster;
using Kimura.Silo.Configuration;

if (args is [BackupCommandLine.Name, ..])
{
    return await BackupProgram.RunAsync(args);
}

var commandLine = new CommandLine();
var migrates = args.Take(ClusterProgram.Words.Count).SequenceEqual(ClusterProgram.Words);
var arguments = commandLine.Parse(migrates ? args[ClusterProgram.Words.Count..] : args);
return commandLine.AsksForText(arguments)
    ? await arguments.InvokeAsync()
    : migrates
    ? await ClusterProgram.RunAsync(ReadValues)
    : await NodeProgram.RunAsync(() => ConfigurationReader.Read(ReadValues()));

OptionValues ReadValues() => OptionValues.Read(arguments, commandLine.Options, Environment.GetEnvironmentVariable);
