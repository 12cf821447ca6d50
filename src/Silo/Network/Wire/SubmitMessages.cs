using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Interfaces;
using Kimura.Libp2p.Encodings;

namespace Kimura.Silo.Network.Wire;

/// <summary>A request of <c>/kimura/submit/1.0.0</c>: submissions, or a sender's nonce, or a message.</summary>
internal sealed record SubmitRequest(SubmissionBatch? Submissions, PublicKey? NonceOf, MessageId? MessageId)
{
    private const int MaxSubmissions = 10_000;

    /// <summary>Bytes of a submission in a request, at most.</summary>
    public static int CostOf(Message message) => message.Encoding.Length + 16;

    public static byte[] Encode(IEnumerable<Message> messages)
    {
        var writer = new ProtoWriter();
        foreach (var message in messages)
        {
            writer.Message(1, new ProtoWriter()
                .Bytes(1, message.Sender.ToArray()).Number(2, message.Nonce).Bytes(3, message.Signature).Bytes(4, message.Content));
        }

        return writer.ToArray();
    }

    public static byte[] EncodeNonceOf(ReadOnlySpan<byte> publicKey) => new ProtoWriter().Bytes(2, publicKey).ToArray();

    public static byte[] EncodeMessage(ReadOnlySpan<byte> id) => new ProtoWriter().Bytes(3, id).ToArray();

    /// <summary>Null where the bytes are no request, or ask for none or more than one of the three.</summary>
    public static SubmitRequest? Decode(ReadOnlySpan<byte> bytes)
    {
        PublicKey? nonceOf = null;
        MessageId? message = null;
        using var encodings = new MemoryStream();
        var count = 0;
        var reader = new ProtoReader(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1 when reader.IsBytes(1) && count < MaxSubmissions && TryRead(reader.Bytes, encodings): count++; break;
                case 2 when reader.IsBytes(2) && reader.Bytes.Length == PublicKey.Size: nonceOf = new PublicKey(reader.Bytes); break;
                case 3 when reader.IsBytes(3) && reader.Bytes.Length == Hash32.Size: message = new MessageId(new Hash32(reader.Bytes)); break;
                case <= 3: return null;
                default: break;
            }
        }

        var asked = (count > 0 ? 1 : 0) + (nonceOf is null ? 0 : 1) + (message is null ? 0 : 1);
        return reader.Failed || asked != 1
            ? null
            : new SubmitRequest(count > 0 ? new SubmissionBatch(encodings.ToArray(), count) : null, nonceOf, message);
    }

    private static bool TryRead(ReadOnlySpan<byte> bytes, MemoryStream encodings)
    {
        ReadOnlySpan<byte> key = default, signature = default, content = default;
        ulong nonce = 0;
        var reader = new ProtoReader(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1 when reader.IsBytes(1): key = reader.Bytes; break;
                case 2 when reader.IsNumber(2): nonce = reader.Number; break;
                case 3 when reader.IsBytes(3): signature = reader.Bytes; break;
                case 4 when reader.IsBytes(4): content = reader.Bytes; break;
                case <= 4: return false;
                default: break;
            }
        }

        if (reader.Failed || key.Length != PublicKey.Size || signature.Length != Signature.Size || content.Length > ChainParameters.ContentLimit)
        {
            return false;
        }

        var encoding = new byte[Message.EncodedSize(content.Length)];
        Message.Encode(encoding, key, nonce, 0, signature, content);
        encodings.Write(encoding);
        return true;
    }
}

/// <summary>An answer of <c>/kimura/submit/1.0.0</c>.</summary>
internal sealed record SubmitAnswer(IReadOnlyList<SubmitResult> Results, ulong? Nonce, ReadOnlyMemory<byte> Message)
{
    private const int MaxResults = 10_000;

    public byte[] Encode()
    {
        var writer = new ProtoWriter();
        foreach (var result in Results)
        {
            var one = new ProtoWriter().Number(1, ZigZag(result.Code));
            writer.Message(1, result.Data.IsEmpty ? one : one.Bytes(2, result.Data.Span));
        }

        if (Nonce is { } nonce)
        {
            writer.Number(2, nonce);
        }

        return (Message.IsEmpty ? writer : writer.Bytes(3, Message.Span)).ToArray();
    }

    public static SubmitAnswer? Decode(ReadOnlySpan<byte> bytes)
    {
        var results = new List<SubmitResult>();
        ulong? nonce = null;
        byte[] message = [];
        var reader = new ProtoReader(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1 when reader.IsBytes(1) && results.Count < MaxResults && Read(reader.Bytes) is { } result: results.Add(result); break;
                case 2 when reader.IsNumber(2): nonce = reader.Number; break;
                case 3 when reader.IsBytes(3): message = reader.Bytes.ToArray(); break;
                case <= 3: return null;
                default: break;
            }
        }

        return reader.Failed ? null : new SubmitAnswer(results, nonce, message);
    }

    private static SubmitResult? Read(ReadOnlySpan<byte> bytes)
    {
        long code = 0;
        byte[] data = [];
        var reader = new ProtoReader(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1 when reader.IsNumber(1): code = UnZigZag(reader.Number); break;
                case 2 when reader.IsBytes(2) && reader.Bytes.Length <= WireFormat.FrameReserve: data = reader.Bytes.ToArray(); break;
                case <= 2: return null;
                default: break;
            }
        }

        return reader.Failed || code is < int.MinValue or > int.MaxValue ? null : new SubmitResult((int)code, data);
    }

    private static ulong ZigZag(long value) => unchecked((ulong)((value << 1) ^ (value >> 63)));

    private static long UnZigZag(ulong value) => unchecked((long)(value >> 1) ^ -(long)(value & 1));
}

/// <summary>What became of one submission: 0 or the JSON-RPC code, and the data of that code as JSON.</summary>
internal sealed record SubmitResult(int Code, ReadOnlyMemory<byte> Data);
