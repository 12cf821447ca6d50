using Kimura.Chain;

namespace Kimura.Storage.Ledger.Mending;

/// <summary>Which kind of the chain's records is damaged.</summary>
public enum DamageKind
{
    /// <summary>Not said: never reported.</summary>
    Unspecified = 0,

    /// <summary>A block: its header and list.</summary>
    Block,

    /// <summary>A message of a block.</summary>
    Message,

    /// <summary>The place of a block by its hash.</summary>
    BlockHash,

    /// <summary>A sender's next nonce.</summary>
    Nonce,

    /// <summary>Kept evidence, or a record that belongs to the database and not to the chain.</summary>
    Other,
}

/// <summary>
/// A record of the chain that is damaged or missing, as far as who found it can name it: a message by its id, and by its place where that is
/// known; <paramref name="Next"/> is the nonce that the chain leads to.
/// </summary>
public sealed record Damage(
    DamageKind Kind, ulong? Height = null, int? Index = null, MessageId? Message = null, PublicKey? Sender = null, ulong? Next = null)
{
    /// <summary>A block.</summary>
    public static Damage OfBlock(ulong height) => new(DamageKind.Block, height);

    /// <summary>A message whose place is known.</summary>
    public static Damage OfMessage(MessageId id, ulong height, int index) => new(DamageKind.Message, height, index, id);

    /// <summary>A message whose place is not known, because that is damaged too.</summary>
    public static Damage OfMessage(MessageId id) => new(DamageKind.Message, Message: id);

    /// <summary>The place of a block by its hash.</summary>
    public static Damage OfBlockHash(ulong? height) => new(DamageKind.BlockHash, height);

    /// <summary>A sender's next nonce.</summary>
    public static Damage OfNonce(PublicKey sender, ulong? next = null) => new(DamageKind.Nonce, Sender: sender, Next: next);
}
