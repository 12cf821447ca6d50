using System.Buffers.Binary;
using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Storage.Ledger.Mending;

namespace Kimura.Storage.Ledger;

/// <summary>
/// A message and its place: the height of its block (null while pending) and the index in it. Where the body was not fetched
/// (<c>bodies = on-demand</c>) there is the place alone, and <see cref="Message"/> has no bytes.
/// </summary>
public readonly record struct StoredMessage(Message Message, ulong? Height, int Index)
{
    internal const int PlaceSize = 12;

    /// <summary>False where only the place is stored.</summary>
    public bool HasBody => !Message.Encoding.IsEmpty;

    internal static StoredMessage Decode(MessageId id, byte[] value) => TryDecode(value, out var message)
        ? message
        : throw Damaged(id);

    internal static StorageException Damaged(MessageId id) =>
        new(StorageFault.Corrupt, $"message {id}: what is stored there is not a message") { Damage = Damage.OfMessage(id) };

    internal static bool TryDecode(byte[] value, out StoredMessage stored)
    {
        stored = default;
        Message message = default;
        if (value.Length < PlaceSize
            || (value.Length > PlaceSize && !Message.TryDecode(value.AsMemory(PlaceSize), ChainParameters.ContentLimit, out message))
            || BinaryPrimitives.ReadUInt32BigEndian(value.AsSpan(8)) is not (<= int.MaxValue and var index))
        {
            return false;
        }

        stored = new StoredMessage(message, BinaryPrimitives.ReadUInt64BigEndian(value), (int)index);
        return true;
    }
}
