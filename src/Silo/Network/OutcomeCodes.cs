using System.Text.Json;
using Kimura.Interfaces;
using Kimura.Silo.Network.Wire;

namespace Kimura.Silo.Network;

/// <summary>Results of submissions as JSON-RPC codes with their data, and back (protocol section 7).</summary>
internal static class OutcomeCodes
{
    private const int InvalidSignature = -32001;
    private const int WrongNonce = -32002;
    private const int Duplicate = -32003;
    private const int PoolFull = -32006;
    private const int Unavailable = -32007;
    private const int TooLarge = -32008;

    public static SubmitResult ToWire(SubmissionResult result, ReadOnlySpan<byte> id, int maxContent) => result.Outcome switch
    {
        SubmissionOutcome.Accepted => new SubmitResult(0, default),
        SubmissionOutcome.TooLarge => new SubmitResult(TooLarge, Json(new { limit = maxContent })),
        SubmissionOutcome.InvalidSignature => new SubmitResult(InvalidSignature, default),
        SubmissionOutcome.Duplicate => new SubmitResult(
            Duplicate, Json(new { message_id = Convert.ToHexStringLower(id), same_content = result.SameContent })),
        SubmissionOutcome.WrongNonce => new SubmitResult(WrongNonce, Json(new { expected = result.ExpectedNonce })),
        SubmissionOutcome.PoolFull => new SubmitResult(PoolFull, Json(new { retry_after_ms = result.RetryAfterMilliseconds })),
        SubmissionOutcome.Unavailable => new SubmitResult(Unavailable, default),
        _ => throw new ArgumentOutOfRangeException(nameof(result), result.Outcome, "not an outcome to answer with"),
    };

    /// <summary>Null for a code that this node does not know, or data that is not that code's.</summary>
    public static SubmissionResult? FromWire(SubmitResult wire)
    {
        try
        {
            using var document = wire.Data.IsEmpty ? null : JsonDocument.Parse(wire.Data);
            var data = document?.RootElement ?? default;
            return wire.Code switch
            {
                0 => new SubmissionResult(SubmissionOutcome.Accepted),
                TooLarge => new SubmissionResult(SubmissionOutcome.TooLarge),
                InvalidSignature => new SubmissionResult(SubmissionOutcome.InvalidSignature),
                Duplicate => new SubmissionResult(SubmissionOutcome.Duplicate, SameContent: data.GetProperty("same_content").GetBoolean()),
                WrongNonce => new SubmissionResult(SubmissionOutcome.WrongNonce, data.GetProperty("expected").GetUInt64()),
                PoolFull => new SubmissionResult(
                    SubmissionOutcome.PoolFull, RetryAfterMilliseconds: data.GetProperty("retry_after_ms").GetInt32()),
                Unavailable => new SubmissionResult(SubmissionOutcome.Unavailable),
                _ => null,
            };
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static byte[] Json<T>(T data) => JsonSerializer.SerializeToUtf8Bytes(data);
}
