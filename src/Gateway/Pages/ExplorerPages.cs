using System.Collections.Frozen;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace Kimura.Gateway.Pages;

/// <summary>
/// The explorer: files that were built from <c>explorer/</c> into this assembly. A build without Node.js has none, and says so.
/// </summary>
internal sealed class ExplorerPages
{
    private const string Prefix = "explorer/";
    private const string Index = "index.html";
    private const string Assets = "/assets/";

    // The page holds private keys of its visitors' making and shows what strangers wrote: nothing in it comes from elsewhere or runs
    // inline, and it is in nobody's frame. Styles are set by scripts through the object model, which the policy allows.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        + "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    private readonly FrozenDictionary<string, StaticFile> _files;

    public ExplorerPages()
        : this(typeof(ExplorerPages).Assembly)
    {
    }

    internal ExplorerPages(Assembly assembly) => _files = assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
        .ToFrozenDictionary(name => PathOf(name[Prefix.Length..]), name => Read(assembly, name), StringComparer.Ordinal);

    /// <summary>True if the page is part of this build.</summary>
    public bool IsBuilt => _files.ContainsKey("/");

    /// <summary>The file at a path; null if there is none.</summary>
    public StaticFile? Find(string path) => _files.GetValueOrDefault(path);

    /// <summary>Answers with a file.</summary>
    public static async Task WriteAsync(HttpContext context, StaticFile file)
    {
        var headers = context.Response.Headers;
        headers.ETag = file.Tag;
        headers.ContentSecurityPolicy = Policy;
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()";
        // What is in the folder of assets has its hash in its name.
        headers.CacheControl = file.IsImmutable ? "public, max-age=31536000, immutable" : "no-cache";
        if (context.Request.Headers.IfNoneMatch.Contains(file.Tag))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        context.Response.ContentType = file.ContentType;
        context.Response.ContentLength = file.Bytes.Length;
        await context.Response.BodyWriter.WriteAsync(file.Bytes, context.RequestAborted);
    }

    private static string PathOf(string name) => name == Index ? "/" : $"/{name.Replace('\\', '/')}";

    private static StaticFile Read(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 16))}\"";
        return new StaticFile(bytes, TypeOf(name), tag, PathOf(name[Prefix.Length..]).StartsWith(Assets, StringComparison.Ordinal));
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };
}

/// <summary>A file to be served: its bytes, what they are, and whether they will ever be others.</summary>
internal sealed record StaticFile(ReadOnlyMemory<byte> Bytes, string ContentType, string Tag, bool IsImmutable);
