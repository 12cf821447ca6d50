using System.Diagnostics.CodeAnalysis;
using Npgsql;

namespace Kimura.Storage.Log;

/// <summary>The PostgreSQL database of a cluster. It may hold a password: only <see cref="ConnectionString"/> gives that away.</summary>
public sealed class ClusterDatabase
{
    private ClusterDatabase(NpgsqlConnectionStringBuilder settings)
    {
        ConnectionString = settings.ConnectionString;
        Name = $"{settings.Database ?? settings.Username} at {settings.Host}:{settings.Port}";
    }

    /// <summary>The connection string as Npgsql reads it, password and all: not for a log, not for a message.</summary>
    public string ConnectionString { get; }

    /// <summary>Database, host and port, in words for the operator.</summary>
    public string Name { get; }

    /// <summary>Reads a connection string; <paramref name="problem"/> says what is wrong with it, and repeats nothing of it.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ClusterDatabase? database, [NotNullWhen(false)] out string? problem)
    {
        (database, problem) = (null, null);
        try
        {
            var settings = new NpgsqlConnectionStringBuilder(text);
            if (string.IsNullOrEmpty(settings.Host))
            {
                problem = "no host is named";
                return false;
            }

            database = new ClusterDatabase(settings);
            return true;
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or KeyNotFoundException or OverflowException or InvalidCastException)
        {
            problem = "this is not a PostgreSQL connection string";
            return false;
        }
    }

    /// <inheritdoc />
    public override string ToString() => Name;
}
