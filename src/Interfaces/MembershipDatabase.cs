using System.Data.Common;

namespace Kimura.Interfaces;

/// <summary>Where the silos of a cluster write down who lives, and where clients look for them: one schema of the cluster's database.</summary>
public static class MembershipDatabase
{
    /// <summary>The schema's name.</summary>
    public const string Schema = "kimura_membership";

    // A silo or client must not hang on a database that does not answer: it tries again.
    private const int TimeoutSeconds = 5;

    /// <summary>The cluster's connection string, as the membership's readers and writers use it.</summary>
    /// <exception cref="ArgumentException">This is no connection string.</exception>
    public static string ConnectionString(string database)
    {
        var builder = new DbConnectionStringBuilder { ConnectionString = database };
        builder["Search Path"] = Schema;
        builder.TryAdd("Timeout", TimeoutSeconds);
        builder.TryAdd("Command Timeout", TimeoutSeconds);
        return builder.ConnectionString;
    }

    private static void TryAdd(this DbConnectionStringBuilder builder, string key, int value)
    {
        if (!builder.ContainsKey(key))
        {
            builder[key] = value;
        }
    }
}
