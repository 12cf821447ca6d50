using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Kimura.Gateway.JsonRpc;
using Kimura.Gateway.Methods;

namespace Kimura.Gateway.OpenRpc;

/// <summary>The OpenRPC 1.3.2 document of the method table.</summary>
internal static class OpenRpcDocument
{
    private static readonly int[] CommonErrors = [RpcCodes.InvalidParams, RpcCodes.InternalError, RpcCodes.RateLimited];

    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the document, UTF-8.</summary>
    public static byte[] Create(IReadOnlyList<RpcMethod> methods)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(bytes, Options))
        {
            writer.WriteStartObject();
            writer.WriteString("openrpc"u8, "1.3.2"u8);
            writer.WriteStartObject("info"u8);
            writer.WriteString("title"u8, "Kimura"u8);
            writer.WriteString("description"u8, "JSON-RPC interface of a Kimura node: signed messages in signed, chained blocks."u8);
            writer.WriteString("version"u8, typeof(OpenRpcDocument).Assembly.GetName().Version!.ToString(fieldCount: 3));
            writer.WriteEndObject();
            writer.WriteStartArray("methods"u8);
            foreach (var method in methods)
            {
                WriteMethod(writer, method);
            }

            writer.WriteEndArray();
            writer.WriteStartObject("components"u8);
            WriteRaw(writer, "schemas"u8, Schemas.All);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static void WriteMethod(Utf8JsonWriter writer, RpcMethod method)
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, method.Name);
        writer.WriteString("summary"u8, method.Summary);
        writer.WriteString("paramStructure"u8, "either"u8);
        writer.WriteStartArray("params"u8);
        foreach (var parameter in method.Params)
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, parameter.Name);
            writer.WriteString("description"u8, parameter.Description);
            writer.WriteBoolean("required"u8, parameter.IsRequired);
            writer.WriteStartObject("schema"u8);
            parameter.Type.WriteSchema(writer);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartObject("result"u8);
        writer.WriteString("name"u8, method.Result.Name);
        WriteRaw(writer, "schema"u8, method.Result.Schema);
        writer.WriteEndObject();
        WriteErrors(writer, method);
        WriteExample(writer, method);
        writer.WriteEndObject();
    }

    private static void WriteErrors(Utf8JsonWriter writer, RpcMethod method)
    {
        writer.WriteStartArray("errors"u8);
        foreach (var code in CommonErrors.Concat(method.Errors))
        {
            writer.WriteStartObject();
            writer.WriteNumber("code"u8, code);
            writer.WriteString("message"u8, RpcCodes.MessageOf(code));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteExample(Utf8JsonWriter writer, RpcMethod method)
    {
        writer.WriteStartArray("examples"u8);
        writer.WriteStartObject();
        writer.WriteString("name"u8, method.Name);
        writer.WriteStartArray("params"u8);
        using (var parameters = JsonDocument.Parse(method.Example.Params))
        {
            foreach (var parameter in parameters.RootElement.EnumerateObject())
            {
                writer.WriteStartObject();
                writer.WriteString("name"u8, parameter.Name);
                writer.WritePropertyName("value"u8);
                parameter.Value.WriteTo(writer);
                writer.WriteEndObject();
            }
        }

        writer.WriteEndArray();
        writer.WriteStartObject("result"u8);
        writer.WriteString("name"u8, method.Result.Name);
        WriteRaw(writer, "value"u8, method.Example.Result);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    // Through a document, so that a slip in a constant is found when the document is made, and laid out as the rest.
    private static void WriteRaw(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string json)
    {
        writer.WritePropertyName(name);
        using var document = JsonDocument.Parse(json);
        document.RootElement.WriteTo(writer);
    }
}
