using System.Text.Json;
using System.Text.Unicode;
using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Gateway.JsonRpc;
using Kimura.Interfaces;

namespace Kimura.Gateway.Results;

/// <summary>Where a confirmed message is.</summary>
internal readonly record struct MessagePlace(ulong Height, int Index);

/// <summary>A message as clients see it (protocol section 7, <c>get_message</c>).</summary>
internal static class MessageView
{
    /// <summary>Reads a record of the node.</summary>
    /// <exception cref="InvalidDataException">The record is not what the node promises.</exception>
    public static Message Read(MessageRecord record) =>
        Message.TryDecode(record.Encoding, ChainParameters.ContentLimit, out var message)
            ? message
            : throw new InvalidDataException("the node gave a message that cannot be read");

    /// <summary>Writes a message of a record.</summary>
    public static void Write(Utf8JsonWriter writer, MessageRecord record, Message message) =>
        Write(writer, record.Id.Span, message, record.IsConfirmed ? new MessagePlace(record.Height, record.Index) : null);

    /// <summary>Writes a message; pending where it has no place.</summary>
    public static void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> id, Message message, MessagePlace? place)
    {
        writer.WriteStartObject();
        writer.WriteHex("message_id"u8, id);
        Span<byte> sender = stackalloc byte[PublicKey.Size];
        message.Sender.CopyTo(sender);
        writer.WriteHex("public_key"u8, sender);
        writer.WriteNumber("nonce"u8, message.Nonce);
        if (Utf8.IsValid(message.Content))
        {
            writer.WriteString("content"u8, message.Content);
        }
        else
        {
            writer.WriteNull("content"u8);
        }

        writer.WriteHex("content_hex"u8, message.Content);
        writer.WriteHex("signature"u8, message.Signature);
        writer.WriteNumber("timestamp"u8, message.Timestamp);
        writer.WriteString("status"u8, place is null ? "pending"u8 : "confirmed"u8);
        if (place is { } known)
        {
            writer.WriteNumber("height"u8, known.Height);
            writer.WriteNumber("index"u8, known.Index);
        }

        writer.WriteEndObject();
    }
}
