using Microsoft.AspNetCore.Http;

namespace Kimura.Gateway.Http;

/// <summary>The JSON answer of one HTTP request; one that is sent in one piece has a Content-Length.</summary>
internal sealed class HttpJsonResponse(HttpContext context) : JsonResponse
{
    public override bool HasStarted => context.Response.HasStarted;

    public override bool IsAborted => context.RequestAborted.IsCancellationRequested;

    public int StatusCode
    {
        get => context.Response.StatusCode;
        set => context.Response.StatusCode = value;
    }

    protected override async ValueTask SendAsync(ReadOnlyMemory<byte> part, bool isLast)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = isLast ? part.Length : null;
        }

        if (!part.IsEmpty)
        {
            await context.Response.BodyWriter.WriteAsync(part, context.RequestAborted);
        }
    }
}
