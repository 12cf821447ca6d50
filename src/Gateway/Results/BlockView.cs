using System.Text.Json;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Gateway.Http;
using Kimura.Gateway.JsonRpc;
using Kimura.Interfaces;

namespace Kimura.Gateway.Results;

/// <summary>A block as clients see it (protocol section 7, <c>get_block</c>).</summary>
internal sealed class BlockView
{
    private readonly Block _block;
    private readonly ReadOnlyMemory<byte>? _messages;

    private BlockView(Block block, ReadOnlyMemory<byte>? messages)
    {
        _block = block;
        _messages = messages;
    }

    /// <summary>Reads a record of the node, and its messages if they were asked for.</summary>
    /// <exception cref="InvalidDataException">The record is not what the node promises.</exception>
    public static BlockView Read(BlockRecord record, bool withMessages)
    {
        if (Block.TryDecode(record.Encoding, int.MaxValue, out var block) != BlockShape.WellFormed || block is null)
        {
            throw new InvalidDataException("the node gave a block that cannot be read");
        }

        if (withMessages)
        {
            Check(record.Messages, block);
        }

        // Without the cast null would become an empty memory (by way of byte[]), not an absent one.
        return new BlockView(block, withMessages ? record.Messages : (ReadOnlyMemory<byte>?)null);
    }

    /// <summary>Writes the block, in parts if it is large.</summary>
    public async ValueTask WriteAsync(JsonResponse response)
    {
        WriteHead(response.Writer);
        response.Writer.WriteStartArray("message_ids"u8);
        for (var i = 0; i < _block.Count; i++)
        {
            WriteHash(response.Writer, _block.IdAt(i).Value);
            await response.FlushIfLargeAsync();
        }

        response.Writer.WriteEndArray();
        response.Writer.WriteStartArray("message_hashes"u8);
        for (var i = 0; i < _block.Count; i++)
        {
            WriteHash(response.Writer, _block.MessageHashAt(i).Value);
            await response.FlushIfLargeAsync();
        }

        response.Writer.WriteEndArray();
        if (_messages is { } messages)
        {
            response.Writer.WriteStartArray("messages"u8);
            await WriteMessagesAsync(messages, response);
            response.Writer.WriteEndArray();
        }

        response.Writer.WriteEndObject();
    }

    /// <summary>Writes the header's fields as an object.</summary>
    public static void WriteHeader(Utf8JsonWriter writer, in BlockHeader header)
    {
        writer.WriteStartObject();
        writer.WriteNumber("height"u8, header.Height);
        writer.WriteNumber("timestamp"u8, header.Timestamp);
        writer.WriteHex("prev_hash"u8, header.PrevHash.Value);
        writer.WriteHex("message_root"u8, header.MessageRoot);
        Span<byte> bytes = stackalloc byte[Signature.Size];
        header.Producer.CopyTo(bytes);
        writer.WriteHex("producer_pubkey"u8, bytes[..PublicKey.Size]);
        header.ProducerSignature.CopyTo(bytes);
        writer.WriteHex("producer_sig"u8, bytes);
        writer.WriteEndObject();
    }

    private static void Check(ReadOnlyMemory<byte> messages, Block block)
    {
        for (var i = 0; i < block.Count; i++)
        {
            if (!Message.TryReadFirst(messages, ChainParameters.ContentLimit, out var message))
            {
                throw new InvalidDataException($"the node gave {i} of the {block.Count} messages of block {block.Height}");
            }

            messages = messages[message.Encoding.Length..];
        }
    }

    private static void WriteHash(Utf8JsonWriter writer, Hash32 hash)
    {
        Span<byte> bytes = stackalloc byte[Hash32.Size];
        hash.CopyTo(bytes);
        writer.WriteHexValue(bytes);
    }

    private void WriteHead(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteHex("hash"u8, _block.Hash.Value);
        writer.WritePropertyName("header"u8);
        WriteHeader(writer, _block.Header);
    }

    private async ValueTask WriteMessagesAsync(ReadOnlyMemory<byte> messages, JsonResponse response)
    {
        var id = new byte[Hash32.Size];
        for (var i = 0; i < _block.Count; i++)
        {
            Message.TryReadFirst(messages, ChainParameters.ContentLimit, out var message);
            messages = messages[message.Encoding.Length..];
            _block.IdAt(i).Value.CopyTo(id);
            MessageView.Write(response.Writer, id, message, new MessagePlace(_block.Height, i));
            await response.FlushIfLargeAsync();
        }
    }
}
