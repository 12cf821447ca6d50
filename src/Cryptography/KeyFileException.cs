namespace Kimura.Cryptography;

/// <summary>A key file that cannot be used; the message is one line for the operator.</summary>
public sealed class KeyFileException(string message, Exception? inner = null) : Exception(message, inner);
