using System.Text.Json;
using Kimura.Gateway.JsonRpc;
using Kimura.Gateway.OpenRpc;

namespace Kimura.Gateway.Methods;

/// <summary>The rows that read blocks.</summary>
internal static class BlockMethods
{
    public static IEnumerable<RpcMethod> Create(ChainQueries queries) =>
    [
        new()
        {
            Name = "get_block",
            Summary = "A block by height, by hash, or the newest.",
            Params =
            [
                new("height", new BlockReferenceType(), "The height, \"latest\", or the block's hash."),
                new("include_messages", new BooleanType(), "Whether to give the messages as well; default false.", isRequired: false),
            ],
            Result = ("block", Schemas.Reference("Block")),
            Errors = [RpcCodes.NotFound, RpcCodes.Unavailable],
            Handler = arguments =>
                queries.GetBlockAsync(BlockReferenceType.Read(arguments[0]), arguments[1].ValueKind == JsonValueKind.True),
            Example = ("{\"height\":0}", Examples.Genesis),
        },
        new()
        {
            Name = "get_blocks",
            Summary = "Blocks of a range, without messages; beyond the newest block, what there is.",
            Params =
            [
                new("from", new NumberType(0, ulong.MaxValue), "The first height."),
                new("to", new NumberType(0, ulong.MaxValue), $"The last height; at most {ChainQueries.MaxBlocks} blocks."),
            ],
            Result = ("blocks", Schemas.ArrayOf("Block")),
            Errors = [RpcCodes.Unavailable],
            Handler = arguments => GetBlocksAsync(queries, arguments[0].GetUInt64(), arguments[1].GetUInt64()),
            Example = ("{\"from\":0,\"to\":0}", $"[{Examples.Genesis}]"),
        },
        new()
        {
            Name = "get_height",
            Summary = "The newest block's height and hash.",
            Result = ("tip", Schemas.Reference("Tip")),
            Handler = _ => queries.GetHeightAsync(),
            Example = ("{}", Examples.Tip),
        },
    ];

    private static ValueTask<RpcAnswer> GetBlocksAsync(ChainQueries queries, ulong from, ulong to)
    {
        if (from > to)
        {
            return ValueTask.FromResult(RpcAnswer.Fail(RpcFailure.InvalidParam("from", "above to")));
        }

        return to - from >= ChainQueries.MaxBlocks
            ? ValueTask.FromResult(RpcAnswer.Fail(RpcFailure.InvalidParam("to", $"a range of more than {ChainQueries.MaxBlocks} blocks")))
            : queries.GetBlocksAsync(from, to);
    }
}
