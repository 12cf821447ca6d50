namespace Kimura.Cryptography.Native;

/// <summary>How a native library is called on the systems there are.</summary>
/// <param name="Name">What the operator knows it as.</param>
/// <param name="DebianPackage">What to install where it is missing.</param>
/// <param name="FileNames">The names to try, the one we test with first.</param>
internal sealed record NativeLibraryNames(string Name, string DebianPackage, params IReadOnlyList<string> FileNames);
