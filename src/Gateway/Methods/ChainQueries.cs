using System.Collections.Immutable;
using Kimura.Gateway.Http;
using Kimura.Gateway.JsonRpc;
using Kimura.Gateway.Results;
using Kimura.Interfaces;

namespace Kimura.Gateway.Methods;

/// <summary>The reads, for JSON-RPC and REST alike. Arguments were checked; records are read before the first byte is written.</summary>
internal sealed class ChainQueries(NodeAccess node)
{
    /// <summary>The most blocks of one call.</summary>
    public const int MaxBlocks = 1000;

    /// <summary>The most messages of one call.</summary>
    public const int MaxMessages = 1000;

    // A page of the node's answer is held in memory for as long as a slow client reads: 64 messages are 4 MiB at most, and a page of
    // blocks is as many as fill 4 MiB if they are as large as those before.
    private const int MessagePage = 64;
    private const int FirstBlockPage = 1;
    private const int PageBytes = 4 << 20;

    public async ValueTask<RpcAnswer> GetBlockAsync(BlockReference reference, bool withMessages)
    {
        var record = reference switch
        {
            { Height: { } height } => await node.GetBlockAsync(height, withMessages: false),
            { Hash.IsEmpty: false } => await node.ReadAsync(reader => reader.GetBlockByHashAsync(reference.Hash, withMessages: false)),
            _ => await node.ReadAsync(reader => reader.GetLatestBlockAsync(withMessages: false)),
        };
        if (record is null)
        {
            return RpcAnswer.Fail(RpcFailure.NotFound);
        }

        var view = BlockView.Read(record);
        if (!withMessages)
        {
            return RpcAnswer.Stream(response => view.WriteAsync(response, writeMessages: null));
        }

        if (view.Count > MessagePage)
        {
            // The first message speaks for the rest: once the answer has begun, one that is not there can only break it off.
            return (await node.ReadAsync(reader => reader.GetMessageAsync(view.IdAt(0)), answer => answer.IsUnreachable)).IsUnreachable
                ? RpcAnswer.Fail(RpcFailure.Unavailable)
                : RpcAnswer.Stream(response => view.WriteAsync(response, to => WriteEachAsync(view, to)));
        }

        var whole = await node.GetBlockAsync(view.Height, withMessages: true);
        if (whole?.AreMessagesUnreachable == true)
        {
            return RpcAnswer.Fail(RpcFailure.Unavailable);
        }

        var messages = whole?.Messages ?? default;
        view.Check(messages);
        return RpcAnswer.Stream(response => view.WriteAsync(response, to => view.WriteMessagesAsync(messages, to)));
    }

    public async ValueTask<RpcAnswer> GetBlocksAsync(ulong from, ulong to)
    {
        var page = await ReadBlocksAsync(from, to, FirstBlockPage);
        return RpcAnswer.Stream(async response =>
        {
            response.Writer.WriteStartArray();
            while (true)
            {
                foreach (var view in page.Views)
                {
                    await view.WriteAsync(response, writeMessages: null);
                }

                if (page.IsLast)
                {
                    break;
                }

                page = await ReadBlocksAsync(page.Next, to, page.NextSize);
            }

            response.Writer.WriteEndArray();
        });
    }

    public async ValueTask<RpcAnswer> GetHeightAsync()
    {
        var tip = await node.GetTipAsync();
        return RpcAnswer.Of(writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("height"u8, tip.Height);
            writer.WriteHex("hash"u8, tip.Hash.Span);
            writer.WriteEndObject();
        });
    }

    public async ValueTask<RpcAnswer> GetMessageAsync(ReadOnlyMemory<byte> id)
    {
        var answer = await node.ReadAsync(reader => reader.GetMessageAsync(id), answer => answer.IsUnreachable);
        if (answer.Record is not { } record)
        {
            return RpcAnswer.Fail(answer.IsUnreachable ? RpcFailure.Unavailable : RpcFailure.NotFound);
        }

        var message = MessageView.Read(record);
        return RpcAnswer.Of(writer => MessageView.Write(writer, record, message));
    }

    public async ValueTask<RpcAnswer> GetMessagesAsync(ReadOnlyMemory<byte> publicKey, ulong fromNonce, int count)
    {
        var page = await ReadMessagesAsync(publicKey, fromNonce, count);
        if (page.IsUnreachable)
        {
            return RpcAnswer.Fail(RpcFailure.Unavailable);
        }

        return RpcAnswer.Stream(async response =>
        {
            response.Writer.WriteStartArray();
            for (var left = count; ;)
            {
                var asked = Math.Min(left, MessagePage);
                var next = await WriteAsync(page.Records, response);
                left -= page.Records.Length;
                if (page.Records.Length < asked || left == 0 || next is null)
                {
                    break;
                }

                page = await ReadMessagesAsync(publicKey, next.Value, left);
                if (page.IsUnreachable)
                {
                    throw new MessageUnreachableException($"a message above nonce {next.Value} cannot be fetched");
                }
            }

            response.Writer.WriteEndArray();
        });
    }

    public async ValueTask<RpcAnswer> GetNonceAsync(ReadOnlyMemory<byte> publicKey)
    {
        var answer = await node.ReadAsync(reader => reader.GetNonceAsync(publicKey), answer => answer.IsUnreachable);
        if (answer.IsUnreachable)
        {
            return RpcAnswer.Fail(RpcFailure.Unavailable);
        }

        return RpcAnswer.Of(writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("nonce"u8, answer.Nonce);
            writer.WriteEndObject();
        });
    }

    public async ValueTask<RpcAnswer> GetProofAsync(ReadOnlyMemory<byte> id)
    {
        var proof = await node.ReadAsync(reader => reader.GetProofAsync(id));
        return proof switch
        {
            null => RpcAnswer.Fail(RpcFailure.NotFound),
            { IsPending: true } => RpcAnswer.Fail(RpcFailure.StillPending),
            _ => RpcAnswer.Of(writer => ProofView.Write(writer, id.Span, proof)),
        };
    }

    public async ValueTask<RpcAnswer> GetStatusAsync()
    {
        var status = await node.ReadAsync(reader => reader.GetStatusAsync());
        return RpcAnswer.Of(writer => StatusView.Write(writer, status));
    }

    // The nonce behind the page; null if there can be none.
    private static async ValueTask<ulong?> WriteAsync(ImmutableArray<MessageRecord> page, JsonResponse response)
    {
        ulong? last = null;
        foreach (var record in page)
        {
            var message = MessageView.Read(record);
            last = message.Nonce;
            MessageView.Write(response.Writer, record, message);
            await response.FlushIfLargeAsync();
        }

        return last is null or ulong.MaxValue ? null : last + 1;
    }

    private Task<MessagesAnswer> ReadMessagesAsync(ReadOnlyMemory<byte> publicKey, ulong fromNonce, int left) => node.ReadAsync(
        reader => reader.GetMessagesAsync(publicKey, fromNonce, Math.Min(left, MessagePage)), answer => answer.IsUnreachable);

    // One after the other: a block's messages may be a hundred megabytes, and nobody knows how slowly they will be read.
    private async ValueTask WriteEachAsync(BlockView view, JsonResponse response)
    {
        for (var i = 0; i < view.Count; i++)
        {
            var (record, isUnreachable) = await node.ReadAsync(reader => reader.GetMessageAsync(view.IdAt(i)), answer => answer.IsUnreachable);
            if (isUnreachable)
            {
                throw new MessageUnreachableException($"message {i} of block {view.Height} cannot be fetched");
            }

            if (record is not { IsConfirmed: true })
            {
                // Lost: reading it as this block's message has it mended.
                await node.Reader.GetBlockAsync(view.Height, withMessages: true);
                (record, _) = await node.Reader.GetMessageAsync(view.IdAt(i));
            }

            if (record is not { IsConfirmed: true })
            {
                throw new InvalidDataException($"the node has no message {i} of block {view.Height}");
            }

            MessageView.Write(response.Writer, record, MessageView.Read(record));
            await response.FlushIfLargeAsync();
        }
    }

    private async ValueTask<BlockPage> ReadBlocksAsync(ulong from, ulong to, int size)
    {
        var asked = (int)Math.Min((ulong)size, (to - from) + 1);
        var records = await node.GetBlocksAsync(from, from + (ulong)(asked - 1));
        var views = new BlockView[records.Length];
        var bytes = 0L;
        for (var i = 0; i < views.Length; i++)
        {
            bytes += records[i].Encoding.Length;
            views[i] = BlockView.Read(records[i]);
        }

        // As many blocks as would have filled a page, had they been as large as these.
        var fitting = views.Length == 0 ? 1 : PageBytes / Math.Max(1, bytes / views.Length);
        var isLast = records.Length < asked || from + (ulong)(asked - 1) >= to;
        return new BlockPage(views, isLast, isLast ? 0 : from + (ulong)asked, (int)Math.Clamp(fitting, 1, MaxBlocks));
    }

    private sealed record BlockPage(BlockView[] Views, bool IsLast, ulong Next, int NextSize);
}
