namespace Kimura.Libp2p;

/// <summary>Fills a span with random bytes. It must be safe to call from many threads, and strong where keys are made of it.</summary>
public delegate void FillRandom(Span<byte> destination);
