using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Kimura.Silo.Hosting;

/// <summary>
/// Traces over OTLP, where OpenTelemetry's own environment variables ask for them (OTEL_EXPORTER_OTLP_ENDPOINT; protocol, headers, sampler
/// and batching by the others of its specification).
/// </summary>
internal static class Tracing
{
    private static readonly string[] Endpoints = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

    /// <summary>Begins to export; what is left is sent when the result is disposed. Null where nobody asked for it.</summary>
    public static IDisposable? Start(Func<string, string?> environment) =>
        Endpoints.Any(name => !string.IsNullOrEmpty(environment(name)))
            ? Sdk.CreateTracerProviderBuilder()
                .ConfigureResource(resource => resource.AddService("kimura", serviceVersion: KimuraNode.Version))
                .AddSource("Kimura.*")
                .AddOtlpExporter()
                .Build()
            : null;
}
