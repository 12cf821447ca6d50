using System.Globalization;
using System.Net;
using Kimura.Chain;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Tcp;
using Kimura.Silo.Hosting;
using Kimura.Storage.Ledger;
using Kimura.Storage.Log;

namespace Kimura.Silo.Configuration;

/// <summary>Turns raw values into a configuration, checking each and what they mean together.</summary>
internal static class ConfigurationReader
{
    private static readonly TimeSpan TestModeInterval = TimeSpan.FromMilliseconds(100);

    /// <exception cref="ConfigurationException">One line that names the option and why it cannot be.</exception>
    public static NodeConfiguration Read(OptionValues values)
    {
        var defaults = new NodeConfiguration();
        var addresses = Addresses(values);
        var keys = LeaderKeys(values);
        var isLeader = Flag(values, OptionTable.Leader) ?? addresses.Count == 0;
        var database = Database(values);
        if (!isLeader && keys.Count == 0 && addresses.Count == 0 && database is null)
        {
            throw new ConfigurationException(
                $"--{OptionTable.LeaderAddress}: a node that does not lead must be told a node to connect to, or with --{OptionTable.LeaderKey} whose blocks count");
        }

        var withBodies = WithBodies(values, defaults.WithBodies);
        if (isLeader && !withBodies)
        {
            throw new ConfigurationException($"{values.Find(OptionTable.Bodies)!.Value.Source}: a leader has all messages, on-demand is for peers");
        }

        if (database is not null && !withBodies)
        {
            throw new ConfigurationException($"{values.Find(OptionTable.Bodies)!.Value.Source}: a silo of a cluster has all messages, on-demand is for peers");
        }

        return new NodeConfiguration
        {
            IsLeader = isLeader,
            Listen = values.Find(OptionTable.ListenAddr) is var (source, listen) ? Address(source, listen) : defaults.Listen,
            LeaderAddresses = addresses,
            WithBodies = withBodies,
            BlockInterval = Interval(values, defaults.BlockInterval),
            DbPath = values.Find(OptionTable.DbPath)?.Value ?? defaults.DbPath,
            LeaderKeys = keys,
            RpcHost = Host(values, OptionTable.RpcHost, defaults.RpcHost),
            RpcPort = (int)Number(values, OptionTable.RpcPort, defaults.RpcPort, 0, 65_535),
            KeyFile = values.Find(OptionTable.KeyFile)?.Value,
            Chain = Chain(values),
            Verify = Verify(values, defaults.Verify),
            ScrubRate = Number(values, OptionTable.ScrubRate, defaults.ScrubRate, 0, 1L << 40),
            RateLimit = (int)Number(values, OptionTable.RateLimit, defaults.RateLimit, 0, 1_000_000_000),
            PendingLimit = (int)Number(values, OptionTable.PendingLimit, defaults.PendingLimit, 1, 10_000_000),
            DiskReserve = values.Find(OptionTable.DiskReserve) is null ? defaults.DiskReserve : Number(values, OptionTable.DiskReserve, 0, 0, 1L << 50),
            PendingBytesLimit = Number(values, OptionTable.PendingBytesLimit, defaults.PendingBytesLimit, 1 << 20, 16L << 30),
            PendingSenderLimit = (int)Number(values, OptionTable.PendingSenderLimit, defaults.PendingSenderLimit, 1, 10_000_000),
            MaxRequestBytes = (int)Number(values, OptionTable.MaxRequestBytes, defaults.MaxRequestBytes, 1_024, 256 << 20),
            MaxBatchCalls = (int)Number(values, OptionTable.MaxBatchCalls, defaults.MaxBatchCalls, 1, 100_000),
            CorsOrigins = values.FindAll(OptionTable.CorsOrigin)?.Values ?? defaults.CorsOrigins,
            AcceptLostBlocks = Flag(values, OptionTable.AcceptLostBlocks) ?? false,
            ClusterDb = database,
            ClusterId = Name(values, OptionTable.ClusterId, defaults.ClusterId),
            SiloName = Name(values, OptionTable.SiloName, defaults.SiloName),
            Silo = Silo(values, defaults.Silo),
            BackupDirectory = values.Find(OptionTable.BackupDirectory)?.Value,
            BackupInterval = TimeSpan.FromHours(Number(values, OptionTable.BackupInterval, (long)defaults.BackupInterval.TotalHours, 1, 8_760)),
            BackupKeep = BackupKeep(values) ?? defaults.BackupKeep,
        };
    }

    private static SiloLinks Silo(OptionValues values, SiloLinks standard)
    {
        string[] options = [OptionTable.SiloAddress, OptionTable.SiloPort, OptionTable.SiloGatewayPort, OptionTable.SiloProbe];
        if (!EngineWiring.HasTransport && options.Select(values.Find).FirstOrDefault(value => value is not null) is var (source, _))
        {
            throw new ConfigurationException($"{source}: the embedded engine has no transport, other silos cannot reach it; this needs a build with the Orleans engine");
        }

        return new SiloLinks
        {
            Address = Host(values, OptionTable.SiloAddress, standard.Address),
            Port = (int)Number(values, OptionTable.SiloPort, standard.Port, 0, 65_535),
            GatewayPort = (int)Number(values, OptionTable.SiloGatewayPort, standard.GatewayPort, 0, 65_535),
            Probe = TimeSpan.FromMilliseconds(Number(values, OptionTable.SiloProbe, (long)standard.Probe.TotalMilliseconds, 100, 60_000)),
        };
    }

    /// <summary>What the backup commands share with a node.</summary>
    /// <exception cref="ConfigurationException">One line that names the option and why it cannot be.</exception>
    public static NodeConfiguration ReadForBackups(OptionValues values)
    {
        var defaults = new NodeConfiguration();
        return defaults with
        {
            DbPath = values.Find(OptionTable.DbPath)?.Value ?? defaults.DbPath,
            KeyFile = values.Find(OptionTable.KeyFile)?.Value,
            LeaderKeys = LeaderKeys(values),
            BackupDirectory = values.Find(OptionTable.BackupDirectory)?.Value
                ?? throw new ConfigurationException($"--{OptionTable.BackupDirectory}: say where the backups are"),
        };
    }

    /// <summary>How many backups are kept, where that was given.</summary>
    /// <exception cref="ConfigurationException">It is not a number that can be.</exception>
    public static int? BackupKeep(OptionValues values) => Number(values, OptionTable.BackupKeep, 0, 1, 10_000) is > 0 and var keep ? (int)keep : null;

    private static List<Multiaddress> Addresses(OptionValues values) =>
        values.FindAll(OptionTable.LeaderAddress) is var (source, texts) ? [.. texts.Select(text => Address(source, text)).Distinct()] : [];

    private static Multiaddress Address(string source, string text) =>
        Multiaddress.TryParse(text, out var address) && new TcpTransport().Carries(address!)
            ? address!
            : throw new ConfigurationException($"{source}: '{text}' is not a multiaddr over TCP such as /ip4/127.0.0.1/tcp/9000");

    // What was given is not repeated: it may hold a password.
    private static ClusterDatabase? Database(OptionValues values) =>
        values.Find(OptionTable.ClusterDb) is not var (source, text) ? null
        : ClusterDatabase.TryParse(text, out var database, out var problem) ? database
        : throw new ConfigurationException($"{source}: {problem}; it should look like Host=127.0.0.1;Port=5432;Database=kimura;Username=kimura");

    private static string Name(OptionValues values, string option, string standard) =>
        values.Find(option) is not var (source, text) ? standard
        : text.Length is > 0 and <= 64 && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.') ? text
        : throw new ConfigurationException($"{source}: '{text}' is not 1 to 64 of a-z, A-Z, 0-9, '-', '_' and '.'");

    private static bool WithBodies(OptionValues values, bool standard) => values.Find(OptionTable.Bodies) switch
    {
        null => standard,
        { Value: "full" } => true,
        { Value: "on-demand" } => false,
        var (source, value) => throw new ConfigurationException($"{source}: '{value}' is not full or on-demand"),
    };

    private static TimeSpan Interval(OptionValues values, TimeSpan standard)
    {
        var interval = Number(values, OptionTable.BlockInterval, -1, 10, 3_600_000);
        if (Flag(values, OptionTable.TestMode) != true)
        {
            return interval < 0 ? standard : TimeSpan.FromMilliseconds(interval);
        }

        return interval < 0
            ? TestModeInterval
            : throw new ConfigurationException($"{values.Find(OptionTable.BlockInterval)!.Value.Source}: test mode sets the block interval itself");
    }

    private static ChainParameters Chain(OptionValues values)
    {
        var content = (int)Number(values, OptionTable.MaxContent, ChainParameters.ContentLimit, 0, ChainParameters.ContentLimit);
        if (values.Find(OptionTable.ChainId) is not var (source, chainId))
        {
            return new ChainParameters(maxContent: content);
        }

        return ChainParameters.IsValidChainId(chainId)
            ? new ChainParameters(chainId, content)
            : throw new ConfigurationException($"{source}: '{chainId}' is not 1 to 64 of a-z, 0-9 and '-'");
    }

    private static List<(ulong From, PublicKey Key)> LeaderKeys(OptionValues values)
    {
        var keys = new List<(ulong From, PublicKey Key)>();
        if (values.FindAll(OptionTable.LeaderKey) is not var (source, texts))
        {
            return keys;
        }

        foreach (var text in texts)
        {
            var at = text.IndexOf('@', StringComparison.Ordinal);
            ulong from = 0;
            if (!PublicKey.TryParse(at < 0 ? text : text.AsSpan(0, at), out var key)
                || (at >= 0 && !ulong.TryParse(text.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out from)))
            {
                throw new ConfigurationException($"{source}: '{text}' is not a compressed public key in hex, or one with @HEIGHT");
            }

            keys.Add((from, key));
        }

        try
        {
            _ = new ProducerSchedule(keys);
        }
        catch (ArgumentException exception)
        {
            throw new ConfigurationException($"{source}: {exception.Message.Split(" (Parameter")[0]}", exception);
        }

        return keys;
    }

    private static VerifyMode Verify(OptionValues values, VerifyMode standard) => values.Find(OptionTable.Verify) switch
    {
        null => standard,
        { Value: "tip" } => VerifyMode.Tip,
        { Value: "headers" } => VerifyMode.Headers,
        { Value: "full" } => VerifyMode.Full,
        var (source, value) => throw new ConfigurationException($"{source}: '{value}' is not tip, headers or full"),
    };

    private static IPAddress Host(OptionValues values, string option, IPAddress standard) => values.Find(option) switch
    {
        null => standard,
        { Value: "localhost" } => IPAddress.Loopback,
        var (source, value) => IPAddress.TryParse(value, out var address)
            ? address
            : throw new ConfigurationException($"{source}: '{value}' is not an IP address"),
    };

    private static bool? Flag(OptionValues values, string name) => values.Find(name) switch
    {
        null => null,
        { Value: "true" or "1" } => true,
        { Value: "false" or "0" } => false,
        var (source, value) => throw new ConfigurationException($"{source}: '{value}' is not true or false"),
    };

    private static long Number(OptionValues values, string name, long standard, long least, long most)
    {
        if (values.Find(name) is not var (source, text))
        {
            return standard;
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new ConfigurationException($"{source}: '{text}' is not a whole number from {least} to {most}");
    }
}
