using System.Text;
using Kimura.Benchmarks.Ingest;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Cryptography;
using Kimura.Storage.Ledger;
using Kimura.Storage.RocksDb;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kimura.Benchmarks.Network;

/// <summary>Writes a leader's data directory with a long chain in it, through the same store as the node.</summary>
internal static class ChainBuilder
{
    private const int RunLength = 500;
    private const int Senders = 10;

    /// <summary>The id of the last message of the chain built last.</summary>
    public static MessageId LastMessage { get; private set; }

    public static async Task BuildAsync(string folder, int blocks, int perBlock)
    {
        Directory.CreateDirectory(folder);
        var parameters = new ChainParameters(Workload.ChainId);
        using var key = Key("leader");
        KeyFile.Create(Path.Combine(folder, "leader.key"), key);
        using var signer = new BlockSigner(Key("leader"));
        var senders = Enumerable.Range(0, Senders).Select(i => Key($"sender {i}")).ToArray();
        await using var store = await RocksDbStore.OpenAsync(Path.Combine(folder, "rocksdb"), NullLogger.Instance);
        using var chain = await ChainStoreOpening.OpenAsync(store, parameters, guard: null);
        var tip = chain.Tip;
        var now = (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - (ulong)(blocks * 100L);
        for (var first = 0; first < blocks; first += RunLength)
        {
            var count = Math.Min(RunLength, blocks - first);
            var messages = new Message[count * perBlock];
            var at = now + ((ulong)first * 100);
            var from = first * perBlock;
            Parallel.For(0, messages.Length, i => messages[i] = Sign(parameters, senders[(from + i) % Senders], (ulong)((from + i) / Senders), at));
            var run = new List<Delivery>(count);
            for (var i = 0; i < count; i++)
            {
                var bodies = messages.AsSpan(i * perBlock, perBlock).ToArray();
                tip = BlockProduction.Produce(tip, EntriesOf(bodies), 0, at + ((ulong)i * 100), signer);
                run.Add(new Delivery(tip, bodies));
            }

            await chain.CommitRunAsync(run, withNonces: true);
            LastMessage = messages[^1].ComputeId();
        }

        Array.ForEach(senders, sender => sender.Dispose());
    }

    private static Message Sign(ChainParameters parameters, PrivateKey key, ulong nonce, ulong timestamp)
    {
        var encoding = MessageSigner.Sign(parameters, key, nonce, Encoding.ASCII.GetBytes($"message {nonce} of a chain to catch up with"));
        Message.Stamp(encoding, timestamp);
        return Message.TryDecode(encoding, ChainParameters.ContentLimit, out var message)
            ? message
            : throw new BenchmarkException("bench: a message of its own making does not decode");
    }

    private static byte[] EntriesOf(Message[] bodies)
    {
        var entries = new byte[bodies.Length * MerkleTree.EntrySize];
        for (var i = 0; i < bodies.Length; i++)
        {
            bodies[i].ComputeId().Value.CopyTo(entries.AsSpan(i * MerkleTree.EntrySize));
            bodies[i].ComputeHash().Value.CopyTo(entries.AsSpan((i * MerkleTree.EntrySize) + Hash32.Size));
        }

        return entries;
    }

    private static PrivateKey Key(string name)
    {
        var secret = new byte[Blake3.HashSize];
        Blake3.Hash(Encoding.UTF8.GetBytes(name), secret);
        return PrivateKey.FromBytes(secret);
    }
}
