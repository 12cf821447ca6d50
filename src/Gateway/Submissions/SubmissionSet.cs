using System.Buffers;
using System.Text.Json;
using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Gateway.JsonRpc;
using Kimura.Gateway.Methods;
using Kimura.Gateway.Metrics;
using Kimura.Interfaces;

namespace Kimura.Gateway.Submissions;

/// <summary>
/// Submissions that go to the node in one call: each is checked for shape and size as it comes and encoded into one buffer; what is
/// refused here keeps its place among the answers.
/// </summary>
internal sealed class SubmissionSet(RpcParam[] parameters, int maxContent) : IDisposable
{
    private const int FirstSize = 8 << 10;

    private readonly JsonElement[] _slots = new JsonElement[parameters.Length];
    private readonly List<RpcFailure?> _refused = [];
    private byte[] _encodings = ArrayPool<byte>.Shared.Rent(FirstSize);
    private int _encoded;
    private int _sent;
    private SubmissionResults? _results;
    private RpcFailure? _failure;

    /// <summary>How many were added.</summary>
    public int Count => _refused.Count;

    /// <summary>Adds the submission with these params.</summary>
    public void Add(JsonElement values) => _refused.Add(ParamBinder.Bind(parameters, values, _slots) ?? Encode());

    /// <summary>Adds one that is none.</summary>
    public void AddRefused(RpcFailure failure) => _refused.Add(failure);

    /// <summary>Hands those that were not refused to the node; returns the exception if it could not take them.</summary>
    public async ValueTask<Exception?> SendAsync(NodeAccess node)
    {
        if (_sent == 0)
        {
            return null;
        }

        using var trace = MessageTrace.Begin(GatewayTraces.Source, "rpc submit", Ids());
        try
        {
            // The node keeps what it takes, so this one is not from the pool.
            var batch = new SubmissionBatch(_encodings.AsSpan(0, _encoded).ToArray(), _sent);
            var results = await node.SubmitAsync(batch);
            if (results.Results.Length != _sent || results.Ids.Length != _sent * Hash32.Size)
            {
                throw new InvalidOperationException(
                    $"{_sent} submissions, {results.Results.Length} results, {results.Ids.Length} bytes of ids");
            }

            _results = results;
            return null;
        }
        catch (Exception fault)
        {
            _failure = FailureClassifier.Classify(fault);
            return fault;
        }
    }

    /// <summary>The answers, in order: each by <paramref name="visit"/> with its index, its failure or null, and its message id.</summary>
    public void ForEach(Action<int, RpcFailure?, ReadOnlyMemory<byte>> visit)
    {
        var at = 0;
        for (var i = 0; i < _refused.Count; i++)
        {
            if (_refused[i] is { } refused)
            {
                visit(i, refused, default);
                continue;
            }

            var id = _results?.Ids.Slice(at * Hash32.Size, Hash32.Size) ?? default;
            visit(i, _failure ?? ToFailure(_results!.Results[at], id), id);
            at++;
        }
    }

    /// <summary>Writes the result of one that was accepted.</summary>
    public static void WriteAccepted(Utf8JsonWriter writer, ReadOnlyMemory<byte> id)
    {
        writer.WriteStartObject();
        writer.WriteHex("message_id"u8, id.Span);
        writer.WriteString("status"u8, "pending"u8);
        writer.WriteEndObject();
    }

    /// <summary>Forgets all, to be used again.</summary>
    public void Clear()
    {
        _refused.Clear();
        _encoded = 0;
        _sent = 0;
        _results = null;
        _failure = null;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_encodings);
        _encodings = [];
    }

    private IEnumerable<MessageId> Ids()
    {
        for (ReadOnlyMemory<byte> rest = _encodings.AsMemory(0, _encoded); Message.TryReadFirst(rest, maxContent, out var message);)
        {
            yield return message.ComputeId();
            rest = rest[message.Encoding.Length..];
        }
    }

    private RpcFailure? Encode()
    {
        var raw = JsonText.Raw(_slots[SubmissionParams.Content], out var escaped);
        Reserve(Message.EncodedSize(raw.Length));
        var destination = _encodings.AsSpan(_encoded);
        var content = destination[Message.HeaderSize..];
        var length = raw.Length;
        if (escaped)
        {
            length = JsonText.Unescape(_slots[SubmissionParams.Content], content);
        }

        if (length > maxContent)
        {
            return RpcFailure.TooLarge(maxContent);
        }

        Span<byte> sender = stackalloc byte[PublicKey.Size];
        Span<byte> signature = stackalloc byte[Signature.Size];
        HexType.Read(_slots[SubmissionParams.PublicKey], sender);
        if (_slots[SubmissionParams.Sender].ValueKind != JsonValueKind.Undefined)
        {
            Span<byte> claimed = stackalloc byte[PublicKey.Size];
            HexType.Read(_slots[SubmissionParams.Sender], claimed);
            if (!claimed.SequenceEqual(sender))
            {
                return RpcFailure.InvalidSignature;
            }
        }

        HexType.Read(_slots[SubmissionParams.Signature], signature);
        var size = Message.EncodedSize(length);
        var nonce = _slots[SubmissionParams.Nonce].GetUInt64();
        Message.Encode(destination[..size], sender, nonce, 0, signature, escaped ? content[..length] : raw);
        _encoded += size;
        _sent++;
        return null;
    }

    private void Reserve(int size)
    {
        if (_encodings.Length - _encoded >= size)
        {
            return;
        }

        var grown = ArrayPool<byte>.Shared.Rent(Math.Max(_encoded + size, 2 * _encodings.Length));
        _encodings.AsSpan(0, _encoded).CopyTo(grown);
        ArrayPool<byte>.Shared.Return(_encodings);
        _encodings = grown;
    }

    private RpcFailure? ToFailure(SubmissionResult result, ReadOnlyMemory<byte> id) => result.Outcome switch
    {
        SubmissionOutcome.Accepted => null,
        SubmissionOutcome.TooLarge => RpcFailure.TooLarge(maxContent),
        SubmissionOutcome.InvalidSignature => RpcFailure.InvalidSignature,
        SubmissionOutcome.Duplicate => RpcFailure.Duplicate(id, result.SameContent),
        SubmissionOutcome.WrongNonce => RpcFailure.WrongNonce(result.ExpectedNonce),
        SubmissionOutcome.PoolFull => RpcFailure.PoolFull(result.RetryAfterMilliseconds),
        SubmissionOutcome.Unavailable => RpcFailure.Unavailable,
        _ => RpcFailure.InternalError,
    };
}
