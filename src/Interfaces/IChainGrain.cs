using Orleans;

namespace Kimura.Interfaces;

/// <summary>
/// A silo's own chain: key is the silo's name. Verifies blocks that come from elsewhere and stores them. Calls run side by side: a
/// check does not wait behind a long run, and a block that came first elsewhere is judged anew.
/// </summary>
[Alias("kimura.IChainGrain")]
public interface IChainGrain : IGrainWithStringKey
{
    /// <summary>
    /// Everything of protocol section 3 that needs no bodies: known bytes, shape and limits, list against root, producer, signature,
    /// place. Keeps evidence of equivocation, stores nothing else.
    /// </summary>
    [Alias("Check")]
    Task<BlockVerdict> CheckAsync(ReadOnlyMemory<byte> encoding);

    /// <summary>The same for a header alone, 177 bytes: known bytes, producer, signature, place; evidence is kept too.</summary>
    [Alias("CheckHeader")]
    Task<BlockVerdict> CheckHeaderAsync(ReadOnlyMemory<byte> header);

    /// <summary>Verifies consecutive blocks with all their messages and stores them in order; answers after they are on disk.</summary>
    [Alias("Accept")]
    Task<RunVerdict> AcceptAsync(BlockRun run);

    /// <summary>The same for <c>bodies = on-demand</c>: the blocks with their lists, messages neither needed nor looked at.</summary>
    [Alias("AcceptLists")]
    Task<RunVerdict> AcceptListsAsync(BlockRun run);

    /// <summary>
    /// All messages of the lowest block that lacks some: verified and stored with the senders' nonces. Blocks above it whose messages
    /// are all there already are completed along the way. <c>gap</c>: a block below lacks messages; <c>duplicate</c>: nothing is lacking there.
    /// </summary>
    [Alias("AcceptBodies")]
    Task<BodiesVerdict> AcceptBodiesAsync(ulong height, ReadOnlyMemory<byte> messages);

    /// <summary>Keeps one message whose body is missing. False where its block lists no such message or another one under the id.</summary>
    [Alias("KeepBody")]
    Task<bool> KeepBodyAsync(ReadOnlyMemory<byte> id, ReadOnlyMemory<byte> encoding);
}
