namespace Kimura.Storage.Ledger;

/// <content>A disk that is nearly full: nothing new is written until there is room, what is stored is read on.</content>
public sealed partial class ChainStore
{
    private volatile string? _pause;

    /// <summary>Why nothing is taken, made or stored for the time being, in words for the operator; null where all is well.</summary>
    public string? Pause => _pause;

    /// <summary>Asks everybody to write nothing new for a reason, or (null) to go on; what is under way is still written.</summary>
    public void SetPause(string? reason) => _pause = reason;
}
