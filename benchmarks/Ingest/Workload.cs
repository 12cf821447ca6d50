using System.Text;
using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Cryptography;

namespace Kimura.Benchmarks.Ingest;

/// <summary>
/// Signed messages as finished HTTP requests, for each connection in the order they must be sent: a sender's nonces go over one
/// connection. The same in every run.
/// </summary>
internal sealed class Workload
{
    public const string ChainId = "bench";

    private const int SendersPerConnection = 8;
    private const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -";
    private static readonly ChainParameters Parameters = new(ChainId);

    private Workload(byte[][][] requests, PublicKey[] senders, int messages)
    {
        Requests = requests;
        Senders = senders;
        Messages = messages;
    }

    /// <summary>For each connection its requests.</summary>
    public byte[][][] Requests { get; }

    /// <summary>Everybody who signed.</summary>
    public PublicKey[] Senders { get; }

    /// <summary>Messages in all requests together.</summary>
    public int Messages { get; }

    /// <summary>Signs about <paramref name="messages"/> messages; <paramref name="batch"/> 0: one a call by submit_message.</summary>
    public static Workload Make(string name, int messages, int batch, int connections, int contentSize)
    {
        var perRequest = Math.Max(1, batch);
        var each = Math.Max(1, messages / connections / perRequest);
        var requests = new byte[connections][][];
        var senders = new PublicKey[connections * SendersPerConnection];
        Parallel.For(0, connections, connection =>
        {
            var keys = Enumerable.Range(0, SendersPerConnection).Select(i => Key($"{name} {connection} {i}")).ToArray();
            for (var i = 0; i < keys.Length; i++)
            {
                var bytes = new byte[PublicKey.Size];
                keys[i].CopyPublicKey(bytes);
                senders[(connection * SendersPerConnection) + i] = new PublicKey(bytes);
            }

            var random = new Random(connection);
            requests[connection] = [.. Enumerable.Range(0, each).Select(i => Request(keys, i * perRequest, batch, contentSize, random))];
            Array.ForEach(keys, key => key.Dispose());
        });
        return new Workload(requests, senders, each * perRequest * connections);
    }

    private static byte[] Request(PrivateKey[] keys, int first, int batch, int contentSize, Random random)
    {
        var json = new StringBuilder("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":");
        json.Append(batch == 0 ? "\"submit_message\",\"params\":" : "\"submit_messages\",\"params\":{\"messages\":[");
        for (var i = first; i < first + Math.Max(1, batch); i++)
        {
            json.Append(i > first ? "," : "");
            AppendMessage(json, keys[i % keys.Length], (ulong)(i / keys.Length), contentSize, random);
        }

        json.Append(batch == 0 ? "}" : "]}}");
        return HttpConnection.Request(Encoding.UTF8.GetBytes(json.ToString()));
    }

    private static void AppendMessage(StringBuilder json, PrivateKey key, ulong nonce, int contentSize, Random random)
    {
        var content = new string(random.GetItems<char>(Letters, contentSize));
        var encoding = MessageSigner.Sign(Parameters, key, nonce, Encoding.UTF8.GetBytes(content));
        if (!Message.TryDecode(encoding, ChainParameters.ContentLimit, out var message))
        {
            throw new BenchmarkException("bench: a message of its own making does not decode");
        }

        json.Append("{\"content\":\"").Append(content).Append("\",\"signature\":\"").Append(Convert.ToHexStringLower(message.Signature));
        json.Append("\",\"public_key\":\"").Append(message.Sender).Append("\",\"nonce\":").Append(nonce).Append('}');
    }

    private static PrivateKey Key(string name)
    {
        var secret = new byte[Blake3.HashSize];
        Blake3.Hash(Encoding.UTF8.GetBytes(name), secret);
        return PrivateKey.FromBytes(secret);
    }
}
