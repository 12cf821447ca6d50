using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Kimura.Tests.Integration.Tracing;

/// <summary>What a span says of itself.</summary>
internal sealed record Span(string TraceId, string ParentId, string Name);

/// <summary>
/// As much of an OpenTelemetry collector as takes traces over OTLP/HTTP (opentelemetry-proto, ExportTraceServiceRequest: field 1
/// resource_spans, in it 2 scope_spans, in it 2 spans, in these 1 trace_id, 4 parent_span_id, 5 name).
/// </summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Collector(WebApplication app) => _app = app;

    public ConcurrentQueue<Span> Spans { get; } = [];

    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public static async Task<Collector> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0));
        var app = builder.Build();
        var collector = new Collector(app);
        app.Run(collector.TakeAsync);
        await app.StartAsync();
        return collector;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        if (context.Request.Path == "/v1/traces")
        {
            foreach (var span in Fields(body.ToArray(), 1).SelectMany(resource => Fields(resource, 2)).SelectMany(scope => Fields(scope, 2)))
            {
                Spans.Enqueue(new Span(Hex(span, 1), Hex(span, 4), System.Text.Encoding.UTF8.GetString(Fields(span, 5).Single().Span)));
            }
        }

        context.Response.ContentType = "application/x-protobuf";
    }

    private static string Hex(ReadOnlyMemory<byte> span, int field) => Convert.ToHexStringLower(Fields(span, field).SingleOrDefault().Span);

    // The length-delimited fields of a number.
    private static List<ReadOnlyMemory<byte>> Fields(ReadOnlyMemory<byte> message, int number)
    {
        var found = new List<ReadOnlyMemory<byte>>();
        while (!message.IsEmpty)
        {
            var key = Varint(ref message);
            switch (key & 7)
            {
                case 0:
                    Varint(ref message);
                    break;
                case 1:
                    message = message[8..];
                    break;
                case 5:
                    message = message[4..];
                    break;
                default:
                    var length = (int)Varint(ref message);
                    if (key >> 3 == (ulong)number)
                    {
                        found.Add(message[..length]);
                    }

                    message = message[length..];
                    break;
            }
        }

        return found;
    }

    private static ulong Varint(ref ReadOnlyMemory<byte> message)
    {
        for (ulong value = 0, shift = 0; ; shift += 7)
        {
            var next = message.Span[0];
            message = message[1..];
            value |= (ulong)(next & 0x7F) << (int)shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }
}
