using System.Buffers.Binary;
using Kimura.Chain;
using Kimura.Chain.Messages;

namespace Kimura.Storage.Ledger;

/// <summary>A message and its place: the height of its block (null while pending) and the index in it.</summary>
public readonly record struct StoredMessage(Message Message, ulong? Height, int Index)
{
    internal const int PlaceSize = 12;

    internal static StoredMessage Decode(MessageId id, byte[] value) => TryDecode(value, out var message)
        ? message
        : throw new StorageException(StorageFault.Corrupt, $"message {id}: what is stored there is not a message");

    internal static bool TryDecode(byte[] value, out StoredMessage stored)
    {
        stored = default;
        if (value.Length < PlaceSize || !Message.TryDecode(value.AsMemory(PlaceSize), ChainParameters.ContentLimit, out var message)
            || BinaryPrimitives.ReadUInt32BigEndian(value.AsSpan(8)) is not (<= int.MaxValue and var index))
        {
            return false;
        }

        stored = new StoredMessage(message, BinaryPrimitives.ReadUInt64BigEndian(value), (int)index);
        return true;
    }
}
