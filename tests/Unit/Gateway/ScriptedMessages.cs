using System.Text;
using Kimura.Chain;
using Kimura.Chain.Messages;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>Messages for a <see cref="ScriptedChain"/>; nobody checks their signatures.</summary>
internal static class ScriptedMessages
{
    /// <summary>As many in each block, by a sender whose nonces go on from block to block.</summary>
    public static Func<ulong, IReadOnlyList<byte[]>> Of(int count, string content, byte sender = 2) =>
        height => [.. Enumerable.Range(0, count).Select(i => Encode(sender, (height * (ulong)count) + (ulong)i, $"{content}{i}"))];

    public static string SenderOf(byte sender) => $"02{sender:x2}{new string('0', 62)}";

    public static byte[] Encode(byte sender, ulong nonce, string content)
    {
        var text = Encoding.UTF8.GetBytes(content);
        var encoding = new byte[Message.EncodedSize(text.Length)];
        Message.Encode(encoding, Convert.FromHexString(SenderOf(sender)), nonce, 1, new byte[Signature.Size], text);
        return encoding;
    }
}
