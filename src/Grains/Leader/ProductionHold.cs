using Kimura.Storage.Ledger;

namespace Kimura.Grains.Leader;

/// <summary>Whether a leader may go on by itself: not while blocks that its key has signed are missing here.</summary>
internal static class ProductionHold
{
    /// <summary>Why nothing may be produced or taken now, in words for the log; null where all is well.</summary>
    public static string? ReasonFor(ChainStore chain, ProductionGate? gate)
    {
        if (chain.Pause is { } pause)
        {
            return pause;
        }

        var tip = chain.Tip.Height;
        if (chain.LostBlocks is { } lost)
        {
            return $"this key has signed block {lost}, but the chain ends at {tip} here: the blocks are fetched back from peers first";
        }

        if (chain.BodiesHeight is { } complete)
        {
            return $"messages of the blocks above {complete} are not stored here: they are fetched first";
        }

        return gate?.IsHeld(tip) == true ? "peers are asked first whether they hold more blocks of this key" : null;
    }
}
