using Kimura.Silo.Configuration;
using Kimura.Silo.Membership;
using Kimura.Storage.Log;
using Kimura.Storage.Postgres;
using Npgsql;

namespace Kimura.Silo.Cluster;

/// <summary><c>cluster migrate</c>: makes a cluster's tables, the log's and the list of its silos.</summary>
internal static class ClusterProgram
{
    /// <summary>The words that come before the options.</summary>
    public static IReadOnlyList<string> Words { get; } = ["cluster", "migrate"];

    /// <summary>Makes what is missing in the database that the options name, and gives the exit code.</summary>
    public static async Task<int> RunAsync(Func<OptionValues> read)
    {
        try
        {
            var database = ConfigurationReader.Read(read()).ClusterDb
                ?? throw new ConfigurationException($"--{OptionTable.ClusterDb}: say which database");
            await PostgresSchema.MigrateAsync(database);
            await MembershipSchema.MigrateAsync(database);
            Console.WriteLine($"{database}: all tables of schema version {PostgresSchema.Version} are there");
            return ExitCode.Stopped;
        }
        catch (ConfigurationException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return ExitCode.BadOption;
        }
        catch (Exception exception) when (exception is LogUnavailableException or NpgsqlException)
        {
            await Console.Error.WriteLineAsync(exception.Message.ReplaceLineEndings(" "));
            return ExitCode.StorageFailed;
        }
    }
}
