using System.Text.Json;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Gateway.JsonRpc;
using Kimura.Interfaces;

namespace Kimura.Gateway.Results;

/// <summary>An inclusion proof as clients see it (protocol section 7, <c>get_proof</c>).</summary>
internal static class ProofView
{
    /// <summary>Writes the proof of a confirmed message.</summary>
    public static void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> id, ProofRecord proof)
    {
        var header = BlockHeader.Read(proof.Header.Span);
        var leaf = MerkleTree.Leaf(new MessageId(new Hash32(id)), new MessageHash(new Hash32(proof.MessageHash.Span)));
        writer.WriteStartObject();
        writer.WriteHex("message_id"u8, id);
        writer.WriteHex("message_hash"u8, proof.MessageHash.Span);
        writer.WriteNumber("height"u8, header.Height);
        writer.WriteNumber("index"u8, proof.Index);
        writer.WriteNumber("count"u8, proof.Count);
        writer.WriteHex("leaf"u8, leaf);
        writer.WriteStartArray("path"u8);
        for (var path = proof.Path.Span; !path.IsEmpty; path = path[Hash32.Size..])
        {
            writer.WriteHexValue(path[..Hash32.Size]);
        }

        writer.WriteEndArray();
        writer.WritePropertyName("header"u8);
        BlockView.WriteHeader(writer, header);
        writer.WriteHex("hash"u8, header.ComputeHash().Value);
        writer.WriteEndObject();
    }
}
