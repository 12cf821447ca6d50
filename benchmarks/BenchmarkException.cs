namespace Kimura.Benchmarks;

/// <summary>Why nothing can be measured; the message is one line.</summary>
internal sealed class BenchmarkException(string message) : Exception(message);
