using System.Buffers.Binary;
using Kimura.Chain;
using Kimura.Chain.Messages;

namespace Kimura.Storage.Ledger;

/// <summary>A message and its place: the height of its block (null while pending) and the index in it.</summary>
public readonly record struct StoredMessage(Message Message, ulong? Height, int Index)
{
    internal const int PlaceSize = 12;

    internal static StoredMessage Decode(MessageId id, byte[] value)
    {
        if (value.Length < PlaceSize || !Message.TryDecode(value.AsMemory(PlaceSize), ChainParameters.ContentLimit, out var message))
        {
            throw new StorageException(StorageFault.Corrupt, $"message {id}: what is stored there is not a message");
        }

        return new StoredMessage(
            message, BinaryPrimitives.ReadUInt64BigEndian(value), checked((int)BinaryPrimitives.ReadUInt32BigEndian(value.AsSpan(8))));
    }
}
