using Kimura.Gateway.Http;
using Kimura.Gateway.Methods;
using Kimura.Interfaces;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Kimura.Gateway.Health;

/// <summary><c>/health/live</c> and <c>/health/ready</c> (protocol section 7).</summary>
internal sealed partial class HealthEndpoint(NodeAccess node, TimeProvider time, ILogger<HealthEndpoint> logger)
{
    /// <summary>Whether the process answers: it does.</summary>
    public static async Task LiveAsync(HttpContext context)
    {
        using var response = new HttpJsonResponse(context);
        response.Writer.WriteStartObject();
        response.Writer.WriteString("status"u8, "live"u8);
        response.Writer.WriteEndObject();
        await response.CompleteAsync();
    }

    /// <summary>Whether the node is synced and blocks are coming: 200, or 503 and why not.</summary>
    public async Task ReadyAsync(HttpContext context)
    {
        var (status, reason) = await AskAsync();
        using var response = new HttpJsonResponse(context);
        response.StatusCode = reason is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        response.Writer.WriteStartObject();
        response.Writer.WriteString("status"u8, reason is null ? "ready"u8 : "not ready"u8);
        if (reason is not null)
        {
            response.Writer.WriteString("reason"u8, reason);
        }

        if (status is not null)
        {
            response.Writer.WriteNumber("height"u8, status.Tip.Height);
            response.Writer.WriteNumber("target_height"u8, status.TargetHeight);
        }

        response.Writer.WriteEndObject();
        await response.CompleteAsync();
    }

    private async ValueTask<(NodeStatus? Status, string? Reason)> AskAsync()
    {
        try
        {
            var status = await node.Reader.GetStatusAsync();
            return (status, Readiness.FindFault(status, time.GetUtcNow()));
        }
        catch (Exception fault)
        {
            LogUnreadable(fault);
            return (null, "the node does not say how it is");
        }
    }
}
