using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Kimura.Gateway.RateLimiting;

/// <summary>The header that tells HTTP clients what <c>retry_after_ms</c> tells JSON-RPC clients.</summary>
internal static class RetryAfter
{
    private const int MillisecondsPerSecond = 1000;

    /// <summary>Sets the header, in seconds, rounded up.</summary>
    public static void Set(HttpResponse response, int milliseconds) => response.Headers.RetryAfter =
        Math.Max(1, (milliseconds + MillisecondsPerSecond - 1) / MillisecondsPerSecond).ToString(CultureInfo.InvariantCulture);
}
