using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Interfaces;
using Orleans.Concurrency;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>A chain that grows when a test says so, by as many blocks as it likes at once. Its signatures are nobody's.</summary>
internal sealed class ScriptedChain
{
    private readonly Lock _lock = new();
    private readonly List<BlockRecord> _blocks = [];
    private readonly Dictionary<MessageId, MessageRecord> _messages = [];
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ScriptedChain() => Add([]);

    /// <summary>What reading a block fails with.</summary>
    public Exception? Fault { get; set; }

    public ulong Tip
    {
        get
        {
            lock (_lock)
            {
                return (ulong)_blocks.Count - 1;
            }
        }
    }

    /// <summary>Adds one block after the other, each with these messages' encodings, and shows the last one only.</summary>
    public void Grow(int blocks, Func<ulong, IReadOnlyList<byte[]>> messages)
    {
        TaskCompletionSource grown;
        lock (_lock)
        {
            for (var i = 0; i < blocks; i++)
            {
                Add(messages((ulong)_blocks.Count));
            }

            (grown, _grown) = (_grown, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        grown.SetResult();
    }

    public async Task<TipRecord> WaitAsync(ulong above)
    {
        Task grown;
        lock (_lock)
        {
            grown = _grown.Task;
        }

        if (Tip <= above)
        {
            await Task.WhenAny(grown, Task.Delay(TimeSpan.FromMilliseconds(50)));
        }

        return new TipRecord(Tip, new byte[Hash32.Size]);
    }

    public BlockRecord? Block(ulong height)
    {
        lock (_lock)
        {
            return Fault is { } fault ? throw fault : height < (ulong)_blocks.Count ? _blocks[(int)height] : null;
        }
    }

    public MessageRecord? Message(MessageId id)
    {
        lock (_lock)
        {
            return _messages.GetValueOrDefault(id);
        }
    }

    private void Add(IReadOnlyList<byte[]> messages)
    {
        var height = (ulong)_blocks.Count;
        var entries = new List<byte>();
        foreach (var encoding in messages)
        {
            if (!Kimura.Chain.Messages.Message.TryDecode(encoding, ChainParameters.ContentLimit, out var message))
            {
                throw new InvalidOperationException("not a message");
            }

            var id = message.ComputeId();
            _messages[id] = new MessageRecord(id.Value.ToArray(), encoding, true, height, entries.Count / MerkleTree.EntrySize);
            entries.AddRange(id.Value.ToArray());
            entries.AddRange(message.ComputeHash().Value.ToArray());
        }

        byte[] list = [.. entries];
        var header = new BlockHeader(height, height, default, MerkleTree.ComputeRoot(list), default, default);
        _blocks.Add(new BlockRecord(Kimura.Chain.Blocks.Block.Create(header, list).Encoding, messages.SelectMany(message => message).ToArray()));
    }
}

[StatelessWorker]
[Reentrant]
internal sealed class ScriptedReader(FaultScript script, ScriptedChain chain) : FaultyReader(script)
{
    public override Task<TipRecord> GetTipAsync() => Task.FromResult(new TipRecord(chain.Tip, new byte[Hash32.Size]));

    public override Task<TipRecord> WaitForTipAsync(ulong above) => chain.WaitAsync(above);

    public override Task<BlockRecord?> GetBlockAsync(ulong height, bool withMessages) => Task.FromResult(chain.Block(height));

    public override Task<MessageAnswer> GetMessageAsync(ReadOnlyMemory<byte> id) =>
        Task.FromResult(new MessageAnswer(chain.Message(new MessageId(new Hash32(id.Span)))));
}
