namespace Kimura.Storage;

/// <summary>Tells a file that somebody else holds from other trouble.</summary>
internal static class FileHolding
{
    /// <summary>True for the refusal of FileShare.None: EWOULDBLOCK, as .NET passes it on (11 on Linux, 35 on macOS and BSD).</summary>
    internal static bool IsHeld(Exception e) => e is IOException && e.HResult is 11 or 35;
}
