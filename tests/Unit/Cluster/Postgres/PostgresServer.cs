using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Kimura.Storage.Log;
using Kimura.Storage.Postgres;
using Npgsql;

namespace Kimura.Tests.Unit.Cluster.Postgres;

/// <summary>
/// A PostgreSQL server of the tests' own in a temporary folder, on a free port of the loopback address, with its disk's syncs on. It runs as
/// user postgres where the tests run as root, which it refuses.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _folder;
    private readonly string _programs;
    private readonly string[] _settings;
    private Process? _server;
    private int _databases;

    private PostgresServer(string folder, string programs, int port, string[] settings)
    {
        _settings = settings;
        _folder = folder;
        _programs = programs;
        Port = port;
    }

    public int Port { get; }

    private string Data => Path.Combine(_folder, "data");

    /// <summary>Why no server can be started here; null where one can.</summary>
    public static string? Missing => FindPrograms() is null ? "PostgreSQL is missing: install the package postgresql" : null;

    /// <summary>The folder of PostgreSQL's own programs.</summary>
    public string Programs => _programs;

    /// <summary>Makes and starts a server, with settings as of its command line.</summary>
    public static async Task<PostgresServer> StartNewAsync(params string[] settings)
    {
        var programs = FindPrograms() ?? throw new InvalidOperationException(Missing);
        var folder = Directory.CreateTempSubdirectory("kimura-postgres-").FullName;
        var server = new PostgresServer(folder, programs, FreePort(), settings);
        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync("chown", "postgres", folder);
        }

        await server.AsOwnerAsync("initdb", "-D", server.Data, "-U", "kimura", "--auth=trust", "-E", "UTF8", "--no-locale", "--no-sync");
        await server.StartAsync();
        return server;
    }

    /// <summary>Starts it, again after it was stopped or killed, and waits until it answers.</summary>
    public async Task StartAsync()
    {
        var deadline = Stopwatch.StartNew();
        while (true)
        {
            if (_server is null or { HasExited: true })
            {
                // After a kill the first attempts may find its children still going.
                _server?.Dispose();
                string[] settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200", "logging_collector=off"];
                _server = Process.Start(Command("postgres", ["-D", Data, "-p", $"{Port}", .. settings.SelectMany(setting => new[] { "-c", setting }), .. _settings]))!;
                _server.BeginOutputReadLine();
                _server.BeginErrorReadLine();
            }

            try
            {
                await using var source = NpgsqlDataSource.Create(ConnectionString("postgres"));
                await using var connection = await source.OpenConnectionAsync();
                return;
            }
            catch (NpgsqlException) when (deadline.Elapsed < Patience)
            {
                await Task.Delay(20);
            }
        }
    }

    /// <summary>Stops it as an operator does (fast shutdown: sessions are ended, transactions rolled back).</summary>
    public async Task StopAsync()
    {
        await RunAsync("kill", "-INT", $"{_server!.Id}");
        await _server.WaitForExitAsync();
    }

    /// <summary>Ends it as a crash does: its children notice, and end too.</summary>
    public async Task KillAsync()
    {
        await RunAsync("kill", "-KILL", $"{_server!.Id}");
        await _server.WaitForExitAsync();
    }

    /// <summary>An empty database, with Kimura's tables unless a test makes them itself.</summary>
    public async Task<ClusterDatabase> CreateDatabaseAsync(bool withTables = true)
    {
        var name = $"test{Interlocked.Increment(ref _databases)}";
        await ExecuteAsync("postgres", $"CREATE DATABASE {name}");
        var database = Parse(ConnectionString(name));
        if (withTables)
        {
            await PostgresSchema.MigrateAsync(database);
        }

        return database;
    }

    /// <summary>The same database, through another address.</summary>
    public static ClusterDatabase Through(ClusterDatabase database, IPEndPoint address) =>
        Parse(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Host = address.Address.ToString(), Port = address.Port }.ConnectionString);

    /// <summary>Runs a statement behind Kimura's back.</summary>
    public static async Task<object?> ExecuteAsync(ClusterDatabase database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is { HasExited: false })
        {
            await RunAsync("kill", "-QUIT", $"{_server.Id}");
            await _server.WaitForExitAsync();
        }

        _server?.Dispose();
        await RunAsync("rm", "-rf", _folder);
    }

    private static ClusterDatabase Parse(string text) =>
        ClusterDatabase.TryParse(text, out var database, out var problem) ? database : throw new InvalidOperationException(problem);

    private Task<object?> ExecuteAsync(string database, string sql) => ExecuteAsync(Parse(ConnectionString(database)), sql);

    private string ConnectionString(string database) => $"Host=127.0.0.1;Port={Port};Database={database};Username=kimura";

    private static string? FindPrograms() =>
        Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")).Where(path => File.Exists(Path.Combine(path, "initdb"))).Order().LastOrDefault()
            : null;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    // setpriv becomes the program: the process id is the server's.
    private ProcessStartInfo Command(string program, params string[] arguments)
    {
        var path = Path.Combine(_programs, program);
        string[] all = Environment.IsPrivilegedProcess ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", path, .. arguments] : [path, .. arguments];
        return new ProcessStartInfo(all[0], all[1..]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder };
    }

    private Task AsOwnerAsync(string program, params string[] arguments) => RunAsync(Command(program, arguments));

    private static Task RunAsync(string program, params string[] arguments) =>
        RunAsync(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true });

    private static async Task RunAsync(ProcessStartInfo command)
    {
        using var process = Process.Start(command)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{command.FileName} {string.Join(' ', command.ArgumentList)}: {error}{await output}");
        }
    }
}
