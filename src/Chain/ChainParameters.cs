using System.Text;
using System.Text.RegularExpressions;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Cryptography;

namespace Kimura.Chain;

/// <summary>What all nodes of one chain agree on: the chain id and the limits (protocol sections 2 and 3).</summary>
public sealed partial class ChainParameters
{
    /// <summary>The most bytes a message's content may ever have.</summary>
    public const int ContentLimit = 65_536;

    /// <summary>How far ahead of a verifier's clock a block's timestamp may be, in milliseconds.</summary>
    public const ulong FutureLimitMilliseconds = 10_000;

    /// <summary>The most messages that a block may ever list: what fits one array of its encoding.</summary>
    public static readonly int MessageLimit = (Array.MaxLength - Block.PrefixSize) / MerkleTree.EntrySize;

    private readonly byte[]? _signingKey;

    /// <summary>Parameters of the chain with this id; null for the seeds' plain form.</summary>
    /// <exception cref="ArgumentException">The id is not <c>[a-z0-9-]{1,64}</c>, or a limit is out of range.</exception>
    public ChainParameters(string? chainId = null, int maxContent = ContentLimit, int maxMessages = 200_000, long maxMessageBytes = 96L << 20)
    {
        if (chainId is not null && !IsValidChainId(chainId))
        {
            throw new ArgumentException($"chain id '{chainId}' is not 1 to 64 of a-z, 0-9 and '-'", nameof(chainId));
        }

        ArgumentOutOfRangeException.ThrowIfNegative(maxContent);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxContent, ContentLimit);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxMessages, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxMessages, MessageLimit);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxMessageBytes, ContentLimit + 1024L);
        ChainId = chainId;
        MaxContent = maxContent;
        MaxMessages = maxMessages;
        MaxMessageBytes = maxMessageBytes;
        var idHash = new byte[Hash32.Size];
        Blake3.Hash(chainId is null ? [] : Encoding.UTF8.GetBytes(chainId), idHash);
        _signingKey = chainId is null ? null : idHash;
        Genesis = Block.CreateGenesis(new Hash32(idHash));
    }

    /// <summary>The chain's id, or null.</summary>
    public string? ChainId { get; }

    /// <summary>The most bytes of content a message may have on this chain.</summary>
    public int MaxContent { get; }

    /// <summary>The most messages in a block.</summary>
    public int MaxMessages { get; }

    /// <summary>The most bytes of message encodings in a block.</summary>
    public long MaxMessageBytes { get; }

    /// <summary>Block 0, built in.</summary>
    public Block Genesis { get; }

    /// <summary>The key of the keyed signing digest, <c>blake3(chain_id)</c>; empty without a chain id.</summary>
    internal ReadOnlySpan<byte> SigningKey => _signingKey;

    /// <summary>True for <c>[a-z0-9-]{1,64}</c>.</summary>
    public static bool IsValidChainId(string chainId) => ChainIdPattern().IsMatch(chainId);

    [GeneratedRegex(@"\A[a-z0-9-]{1,64}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ChainIdPattern();
}
