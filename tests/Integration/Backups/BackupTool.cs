using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Backups;

/// <summary>The backup commands as their user runs them: the node's own program.</summary>
internal sealed class BackupTool(string backups)
{
    /// <summary>Runs a create that ends at its n-th write site as SIGKILL would end it (docs/decisions/write-sites.md), or gets through before.</summary>
    public async Task<Ending> CreateUntilAsync(string dbPath, int site)
    {
        var fault = new Dictionary<string, string> { ["KIMURA_WRITE_FAULT"] = $"stop:before:{site}" };
        await using var process = ChildProcess.Start(
            "dotnet", [Repository.NodeProgram, "backup", "create", "--db-path", dbPath, "--backup-dir", backups], fault);
        return await process.EndAsync(Limits.Start);
    }

    /// <summary>Runs a command to its end, whatever that is.</summary>
    public async Task<Ending> RunAsync(string command, string dbPath, params string[] options)
    {
        await using var process = ChildProcess.Start("dotnet", [Repository.NodeProgram, "backup", command, "--db-path", dbPath, "--backup-dir", backups, .. options]);
        return await process.EndAsync(Limits.Start);
    }

    /// <summary>Runs a command that must do what it is told, and gives its lines.</summary>
    public async Task<IReadOnlyList<string>> DoAsync(string command, string dbPath, params string[] options)
    {
        var ending = await RunAsync(command, dbPath, options);
        Assert.True(ending.Code == 0, ending.ToString());
        return ending.Output;
    }

    /// <summary>Makes a backup and gives its name and height.</summary>
    public async Task<(string Name, ulong Height)> CreateAsync(string dbPath, params string[] options)
    {
        var name = (await DoAsync("create", dbPath, options))[0].Split(':')[0];
        return (name, HeightOf(name));
    }

    public static ulong HeightOf(string name) => ulong.Parse(name[(name.LastIndexOf('h') + 1)..], System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Paths below the backup directory.</summary>
    public IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(Path.Combine(backups, folder), "*", SearchOption.AllDirectories);
}
