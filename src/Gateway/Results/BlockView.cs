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

    private BlockView(Block block) => _block = block;

    /// <summary>How many messages it lists.</summary>
    public int Count => _block.Count;

    public ulong Height => _block.Height;

    /// <summary>Reads a record of the node.</summary>
    /// <exception cref="InvalidDataException">The record is not what the node promises.</exception>
    public static BlockView Read(BlockRecord record)
    {
        var shape = Block.TryDecode(record.Encoding, int.MaxValue, out var block);
        return shape == BlockShape.WellFormed && block is not null
            ? new BlockView(block)
            : throw new InvalidDataException("the node gave a block that cannot be read");
    }

    /// <summary>The id of the message at a place, 32 bytes.</summary>
    public byte[] IdAt(int index) => _block.IdAt(index).Value.ToArray();

    /// <summary>Writes the block, in parts if it is large, with what <paramref name="writeMessages"/> puts into the array of messages.</summary>
    public async ValueTask WriteAsync(JsonResponse response, Func<JsonResponse, ValueTask>? writeMessages)
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
        if (writeMessages is not null)
        {
            response.Writer.WriteStartArray("messages"u8);
            await writeMessages(response);
            response.Writer.WriteEndArray();
        }

        response.Writer.WriteEndObject();
    }

    /// <summary>Checks that these are the encodings of all its messages.</summary>
    /// <exception cref="InvalidDataException">They are not.</exception>
    public void Check(ReadOnlyMemory<byte> messages)
    {
        for (var i = 0; i < Count; i++)
        {
            if (!Message.TryReadFirst(messages, ChainParameters.ContentLimit, out var message))
            {
                throw new InvalidDataException($"the node gave {i} of the {Count} messages of block {Height}");
            }

            messages = messages[message.Encoding.Length..];
        }
    }

    /// <summary>Writes messages that were checked.</summary>
    public async ValueTask WriteMessagesAsync(ReadOnlyMemory<byte> messages, JsonResponse response)
    {
        for (var i = 0; i < Count; i++)
        {
            Message.TryReadFirst(messages, ChainParameters.ContentLimit, out var message);
            messages = messages[message.Encoding.Length..];
            MessageView.Write(response.Writer, IdAt(i), message, new MessagePlace(Height, i));
            await response.FlushIfLargeAsync();
        }
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
}
