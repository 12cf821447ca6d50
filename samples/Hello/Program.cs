// Says hello on the chain, waits until it is in a block, and verifies that, trusting the node for nothing but the bytes.
using System.Security.Cryptography;
using Kimura.Chain;
using Kimura.Client;
using Kimura.Cryptography;

using var client = new KimuraClient(new Uri(args.Length > 0 ? args[0] : "http://127.0.0.1:8545/"));
var status = await client.GetStatusAsync();
var chain = new ChainParameters(status.ChainId);

// For real: the leader's key comes from somebody you trust, not from the node.
var anchor = new TrustAnchor(chain, status.LeaderKey);

using var key = PrivateKey.Generate(bytes => RandomNumberGenerator.Fill(bytes.Span));
using var sender = new MessageSender(client, key, chain);
var id = await sender.SendAsync("hello from .NET");
Console.WriteLine($"sent {id}");

await foreach (var message in client.FollowMessagesAsync(status.Height, sender.PublicKey))
{
    var proof = await client.GetProofAsync(id) ?? throw new InvalidOperationException("a confirmed message has a proof");
    Console.WriteLine($"in block {message.Place!.Height}: {anchor.Verify(message, proof)}");
    break;
}
