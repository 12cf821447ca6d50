using System.Collections.Immutable;
using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Gateway.Http;
using Kimura.Gateway.Results;
using Kimura.Interfaces;

namespace Kimura.Gateway.Subscriptions;

/// <summary>A message of a block, as subscribers get it.</summary>
internal readonly record struct FeedMessage(PublicKey Sender, ReadOnlyMemory<byte> Json);

/// <summary>A block of moderate size, written once for all who want it.</summary>
internal sealed record FeedBlock(BlockView View, ReadOnlyMemory<byte> Json)
{
    /// <summary>The block as JSON, without messages.</summary>
    public static async ValueTask<FeedBlock> CreateAsync(BlockView view)
    {
        using var json = new JsonInMemory();
        await view.WriteAsync(json, writeMessages: null);
        return new FeedBlock(view, json.Take());
    }

    /// <summary>A block's messages as JSON, from their encodings.</summary>
    /// <exception cref="InvalidDataException">They are not what the block lists.</exception>
    public static ImmutableArray<FeedMessage> ReadMessages(BlockView view, ReadOnlyMemory<byte> encodings)
    {
        var messages = ImmutableArray.CreateBuilder<FeedMessage>(view.Count);
        using var json = new JsonInMemory();
        for (var i = 0; i < view.Count; i++)
        {
            if (!Message.TryReadFirst(encodings, ChainParameters.ContentLimit, out var message))
            {
                throw new InvalidDataException($"the node gave {i} of the {view.Count} messages of block {view.Height}");
            }

            encodings = encodings[message.Encoding.Length..];
            MessageView.Write(json.Writer, view.IdAt(i), message, new MessagePlace(view.Height, i));
            messages.Add(new FeedMessage(message.Sender, json.Take()));
        }

        return messages.MoveToImmutable();
    }

    /// <summary>One message that was read on its own.</summary>
    public static FeedMessage ReadMessage(MessageRecord record)
    {
        using var json = new JsonInMemory();
        var message = MessageView.Read(record);
        MessageView.Write(json.Writer, record, message);
        return new FeedMessage(message.Sender, json.Take());
    }

    private sealed class JsonInMemory : JsonResponse
    {
        private readonly List<byte[]> _parts = [];

        public override bool HasStarted => false;

        public override bool IsAborted => false;

        /// <summary>What was written since the last time.</summary>
        public ReadOnlyMemory<byte> Take()
        {
            Writer.Flush();
            byte[] all = [.. _parts.SelectMany(part => part), .. Written.Span];
            _parts.Clear();
            Clear();
            return all;
        }

        protected override ValueTask SendAsync(ReadOnlyMemory<byte> part, bool isLast)
        {
            _parts.Add(part.ToArray());
            return ValueTask.CompletedTask;
        }
    }
}
