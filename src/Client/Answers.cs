using System.Text.Json;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Chain.Messages;

namespace Kimura.Client;

/// <summary>Reads the node's JSON into the protocol's types. What does not fit is an <see cref="InvalidDataException"/>.</summary>
internal static class Answers
{
    public static Block ReadBlock(JsonElement json) => Reading(() =>
    {
        var (ids, hashes) = (json.GetProperty("message_ids"), json.GetProperty("message_hashes"));
        if (ids.GetArrayLength() != hashes.GetArrayLength())
        {
            throw new InvalidDataException("two lists of different lengths");
        }

        var entries = new byte[ids.GetArrayLength() * MerkleTree.EntrySize];
        var at = 0;
        foreach (var (id, hash) in ids.EnumerateArray().Zip(hashes.EnumerateArray()))
        {
            Bytes(id, Hash32.Size).CopyTo(entries.AsSpan(at));
            Bytes(hash, Hash32.Size).CopyTo(entries.AsSpan(at + Hash32.Size));
            at += MerkleTree.EntrySize;
        }

        return Block.Create(ReadHeader(json.GetProperty("header")), entries);
    });

    public static KnownMessage ReadMessage(JsonElement json) => Reading(() =>
    {
        var content = Bytes(json.GetProperty("content_hex"), size: null);
        var encoding = new byte[Message.EncodedSize(content.Length)];
        Message.Encode(
            encoding,
            Bytes(json.GetProperty("public_key"), PublicKey.Size),
            json.GetProperty("nonce").GetUInt64(),
            json.GetProperty("timestamp").GetUInt64(),
            Bytes(json.GetProperty("signature"), Signature.Size),
            content);
        if (!Message.TryDecode(encoding, ChainParameters.ContentLimit, out var message))
        {
            throw new InvalidDataException("not a message");
        }

        var isConfirmed = json.GetProperty("status").ValueEquals("confirmed"u8);
        return new KnownMessage(
            message, isConfirmed ? new MessagePlace(json.GetProperty("height").GetUInt64(), json.GetProperty("index").GetInt32()) : null);
    });

    public static InclusionProof ReadProof(JsonElement json) => Reading(() => new InclusionProof(
        new MessageHash(new Hash32(Bytes(json.GetProperty("message_hash"), Hash32.Size))),
        json.GetProperty("index").GetInt32(),
        json.GetProperty("count").GetInt32(),
        json.GetProperty("path").EnumerateArray().SelectMany(step => Bytes(step, Hash32.Size)).ToArray(),
        ReadHeader(json.GetProperty("header"))));

    public static NodeSummary ReadStatus(JsonElement json) => Reading(() => new NodeSummary(
        json.GetProperty("chain_id").GetString(),
        json.GetProperty("height").GetUInt64(),
        new PublicKey(Bytes(json.GetProperty("leader_key"), PublicKey.Size)),
        json.GetProperty("role").ValueEquals("leader"u8),
        json.GetProperty("syncing").GetBoolean(),
        json.GetProperty("pending").GetInt32(),
        json.GetProperty("version").GetString() ?? ""));

    public static T Reading<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception fault) when (fault is InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
        {
            throw new InvalidDataException($"the node's answer is not what the protocol says: {fault.Message}", fault);
        }
    }

    private static BlockHeader ReadHeader(JsonElement json) => new(
        json.GetProperty("height").GetUInt64(),
        json.GetProperty("timestamp").GetUInt64(),
        new BlockHash(new Hash32(Bytes(json.GetProperty("prev_hash"), Hash32.Size))),
        new Hash32(Bytes(json.GetProperty("message_root"), Hash32.Size)),
        new PublicKey(Bytes(json.GetProperty("producer_pubkey"), PublicKey.Size)),
        new Signature(Bytes(json.GetProperty("producer_sig"), Signature.Size)));

    private static byte[] Bytes(JsonElement hex, int? size)
    {
        var bytes = Convert.FromHexString(hex.GetString() ?? "");
        return size is null || bytes.Length == size ? bytes : throw new FormatException($"{bytes.Length} bytes where {size} are expected");
    }
}
