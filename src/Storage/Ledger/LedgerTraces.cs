using System.Diagnostics;

namespace Kimura.Storage.Ledger;

/// <summary>The source of the chain store's spans.</summary>
internal static class LedgerTraces
{
    public static readonly ActivitySource Source = new("Kimura.Storage");
}
