using System.Security.Cryptography;
using System.Text;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Cryptography;
using Kimura.Durability;
using Kimura.Libp2p.Identities;
using Kimura.Silo.Configuration;
using Kimura.Silo.Network;
using Kimura.Silo.Repair;
using Kimura.Storage.KeyValue;
using Kimura.Storage.RocksDb;
using Kimura.Storage.SignGuard;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Hosting;

/// <summary>The node's data directory, made where it is absent.</summary>
internal sealed partial class NodeFiles : INodeFiles
{
    private readonly NodeConfiguration _configuration;
    private readonly ILogger _logger;

    /// <exception cref="ConfigurationException">The directory cannot be made.</exception>
    public NodeFiles(NodeConfiguration configuration, ILogger<NodeFiles> logger)
    {
        (_configuration, _logger) = (configuration, logger);
        Folders = new DatabaseFolders(configuration.DatabaseDirectory);
        try
        {
            DirectorySync.CreateSynced(configuration.DbPath, DurableFile.OwnerOnly | UnixFileMode.UserExecute);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"--{OptionTable.DbPath}: {exception.Message}", exception);
        }
    }

    public string PinPath => _configuration.PinPath;

    public DatabaseFolders? Folders { get; }

    public Identity LoadIdentity() => PeerIdentity.Load(_configuration.PeerKeyPath, _logger);

    public BlockSigner LoadSigner()
    {
        // A key file that was named must be there: making one in its place would start another chain of blocks unasked.
        if (_configuration.KeyFile is not null || File.Exists(_configuration.KeyPath))
        {
            return new BlockSigner(KeyFile.Load(_configuration.KeyPath));
        }

        var key = PrivateKey.Generate(static bytes => RandomNumberGenerator.Fill(bytes.Span));
        KeyFile.Create(_configuration.KeyPath, key);
        LogKeyMade(_logger, _configuration.KeyPath);
        return new BlockSigner(key);
    }

    public PublicKey? ReadPin()
    {
        if (!File.Exists(PinPath))
        {
            return null;
        }

        try
        {
            return PublicKey.TryParse(File.ReadAllText(PinPath).Trim(), out var key)
                ? key
                : throw new ConfigurationException($"{PinPath}: holds no leader key; remove it to pin one anew, or give --{OptionTable.LeaderKey}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{PinPath}: {exception.Message}", exception);
        }
    }

    public void MendPin(in BlockHeader tip)
    {
        if (tip.Height == 0 || !File.Exists(PinPath) || !tip.HasValidSignature(tip.ComputeHash()))
        {
            return;
        }

        try
        {
            var text = $"{tip.Producer}\n";
            var pinned = File.ReadAllBytes(PinPath);
            if (Encoding.Latin1.GetString(pinned) != text && FlippedBit.TurnBack(pinned, bytes => Encoding.Latin1.GetString(bytes) == text) is { } mended)
            {
                DurableFile.Create(PinPath, mended, overwrite: true);
                LogPinMended(_logger, PinPath);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{PinPath}: {exception.Message}", exception);
        }
    }

    public void KeepPin(PublicKey key) => DurableFile.Create(PinPath, Encoding.ASCII.GetBytes($"{key}\n"), overwrite: true);

    public async Task<IKeyValueStore> OpenStoreAsync() => await RocksDbStore.OpenAsync(_configuration.DatabaseDirectory, _logger);

    public ISignGuard OpenGuard() => FileSignGuard.Open(_configuration.GuardPath);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} had a flipped bit, as the chain's last block shows: turned back")]
    private static partial void LogPinMended(ILogger logger, string path);

    [LoggerMessage(Level = LogLevel.Information, Message = "Made a new leader key: {Path}. Keep a copy, and keep it secret")]
    private static partial void LogKeyMade(ILogger logger, string path);
}
