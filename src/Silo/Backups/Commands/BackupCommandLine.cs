using System.CommandLine;
using Kimura.Silo.Configuration;

namespace Kimura.Silo.Backups.Commands;

/// <summary>
/// <c>backup create|list|verify|restore</c>. Where data and backups are comes from the same options, variables and file as a node's.
/// </summary>
internal sealed class BackupCommandLine
{
    public const string Name = "backup";

    private readonly RootCommand _root = [];
    private readonly Command _backup = new(Name, "Backups of a node's database. The leader's private key and its sign guard are never in them.");

    public BackupCommandLine(Func<ParseResult, Func<BackupProgram, Task<int>>, Task<int>> run)
    {
        _root.Add(_backup);
        Add("create", "make a backup, of a running node or of one that is stopped", [OptionTable.LeaderKey, OptionTable.BackupKeep], [], (program, _) => program.CreateAsync(), run);
        Add("list", "show the backups", [], [], (program, _) => Task.FromResult(program.List()), run);
        Add(
            "verify", "check every byte of the backups", [], [Backup, Full, Scratch],
            (program, given) => program.VerifyAsync(given.GetValue(Backup), given.GetValue(Full), given.GetValue(Scratch)), run);
        Add(
            "restore", "put a backup's database into a data directory", [OptionTable.KeyFile], [Backup, Height, Replace],
            (program, given) => program.RestoreAsync(given.GetValue(Backup), given.GetValue(Height), given.GetValue(Replace)), run);
    }

    private static IReadOnlyList<string> Shared { get; } = [OptionTable.Config, OptionTable.DbPath, OptionTable.BackupDirectory];

    private Option<string?> Backup { get; } = new("--backup") { Description = "the backup's name (default: the newest that fits)", HelpName = "NAME" };

    private Option<bool> Full { get; } = new("--full") { Description = "also open a copy of each and check its whole chain, every signature and message" };

    private Option<string?> Scratch { get; } = new("--scratch") { Description = "where --full makes its copy (default: the system's temporary folder)", HelpName = "DIR" };

    private Option<ulong?> Height { get; } = new("--height") { Description = "the last block to restore (default: all of the backup)", HelpName = "N" };

    private Option<bool> Replace { get; } = new("--replace") { Description = "move a database that is there aside" };

    public ParseResult Parse(IReadOnlyList<string> arguments) => _root.Parse(arguments);

    /// <summary>The options of <see cref="OptionTable"/> that a command has.</summary>
    public static IReadOnlyDictionary<OptionSpec, Option> NodeOptionsOf(Command command) => OptionTable.All
        .Where(spec => command.Options.Any(option => option.Name == spec.Flag))
        .ToDictionary(spec => spec, spec => command.Options.First(option => option.Name == spec.Flag));

    private void Add(
        string name,
        string help,
        IReadOnlyList<string> nodeOptions,
        IReadOnlyList<Option> options,
        Func<BackupProgram, ParseResult, Task<int>> act,
        Func<ParseResult, Func<BackupProgram, Task<int>>, Task<int>> run)
    {
        var command = new Command(name, help);
        foreach (var spec in OptionTable.All.Where(spec => Shared.Contains(spec.Name) || nodeOptions.Contains(spec.Name)))
        {
            command.Add(CommandLine.OptionOf(spec));
        }

        foreach (var option in options)
        {
            command.Add(option);
        }

        command.SetAction((given, _) => run(given, program => act(program, given)));
        _backup.Add(command);
    }
}
