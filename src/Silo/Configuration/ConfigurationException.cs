namespace Kimura.Silo.Configuration;

/// <summary>An option that cannot be: one line that names it and says why (exit code 2).</summary>
public sealed class ConfigurationException(string message, Exception? inner = null) : Exception(message, inner);
