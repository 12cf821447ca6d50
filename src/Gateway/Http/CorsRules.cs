using System.Net;
using Microsoft.AspNetCore.Http;

namespace Kimura.Gateway.Http;

/// <summary>
/// What pages of other origins may do (Fetch standard, CORS protocol). Browsers name the origin in every POST to another one, with or
/// without a preflight, so a POST from an origin that is not allowed is refused whatever its content type; and one that names an origin
/// must be <c>application/json</c>, which a page cannot send without a preflight. Programs that are no browsers name no origin and may
/// send any content type.
/// </summary>
internal sealed class CorsRules(GatewayOptions options)
{
    private const string PreflightSeconds = "86400";

    private readonly bool _any = options.CorsOrigins.Contains(GatewayOptions.AnyOrigin, StringComparer.Ordinal);

    /// <summary>Sets the headers that let a page read the answer; false if its origin is not allowed.</summary>
    public bool TryApply(HttpContext context)
    {
        if (!_any)
        {
            context.Response.Headers.Vary = "Origin";
        }

        var origin = context.Request.Headers.Origin.ToString();
        if (origin.Length == 0)
        {
            return true;
        }

        if (!_any && !options.CorsOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase))
        {
            return IsOwnOrigin(origin, context.Request);
        }

        var headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = _any ? GatewayOptions.AnyOrigin : origin;
        headers.AccessControlExposeHeaders = "Retry-After";
        return true;
    }

    /// <summary>Answers an OPTIONS request.</summary>
    public static void AnswerOptions(HttpContext context, string methods)
    {
        var headers = context.Response.Headers;
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        headers.Allow = methods;
        if (headers.AccessControlAllowOrigin.Count > 0)
        {
            headers.AccessControlAllowMethods = methods;
            headers.AccessControlAllowHeaders = "Content-Type";
            headers.AccessControlMaxAge = PreflightSeconds;
        }
    }

    /// <summary>True if a page cannot send this content type to another origin without a preflight.</summary>
    public static bool IsJson(string? contentType)
    {
        var type = contentType.AsSpan();
        var end = type.IndexOf(';');
        return (end < 0 ? type : type[..end]).Trim().Equals("application/json", StringComparison.OrdinalIgnoreCase);
    }

    // The node's own pages. A host name would do for an attacker who lets his own name resolve to this address, so only an address or
    // localhost counts; a node that is reached by name lists its origin.
    private static bool IsOwnOrigin(string origin, HttpRequest request)
    {
        var host = request.Host;
        return string.Equals(origin, $"{request.Scheme}://{host.Value}", StringComparison.OrdinalIgnoreCase)
            && (string.Equals(host.Host, "localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(host.Host, out _));
    }
}
