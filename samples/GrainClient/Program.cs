// Submits a message and reads it back through the grains of a running silo: an Orleans client, without the JSON-RPC gateway.
using System.Net;
using System.Security.Cryptography;
using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Cryptography;
using Kimura.Interfaces;
using Kimura.Samples.GrainClient;

await using var cluster = await Cluster.ConnectAsync(IPEndPoint.Parse(args.Length > 0 ? args[0] : "127.0.0.1:30000"), args.Length > 1 ? args[1] : "kimura");
var reader = cluster.Grains.GetGrain<IChainReader>(0);
var status = await reader.GetStatusAsync();
Console.WriteLine($"height {status.Tip.Height}, {status.Engine} engine");

using var key = PrivateKey.Generate(bytes => RandomNumberGenerator.Fill(bytes.Span));
var message = MessageSigner.Sign(new ChainParameters(status.ChainId), key, nonce: 0, "hello from a grain client"u8);
var answer = await cluster.Grains.GetGrain<IIntakeGrain>(0).SubmitAsync(new SubmissionBatch(message, 1));
Console.WriteLine($"submitted {Convert.ToHexStringLower(answer.Ids.Span)}: {answer.Results[0].Outcome}");

for (var height = status.Tip.Height; ;)
{
    if (await reader.GetMessageAsync(answer.Ids) is { Record: { IsConfirmed: true } record })
    {
        Console.WriteLine($"confirmed in block {record.Height}");
        break;
    }

    height = (await reader.WaitForTipAsync(height)).Height;
}
