using System.Text;
using Kimura.Libp2p.Encodings;
using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p.Negotiation;

/// <summary>Agreement on a protocol (libp2p/specs, connections, multistream-select 1.0). The caller bounds the time.</summary>
internal static class Multistream
{
    /// <summary>Most bytes of a message, its newline included.</summary>
    public const int MaxMessage = 1024;

    /// <summary>Most proposals that are answered.</summary>
    public const int MaxProposals = 16;

    private const string Header = "/multistream/1.0.0";
    private const string Refusal = "na";

    /// <summary>Header and proposal, to be sent at once.</summary>
    public static byte[] Opening(string protocol) => [.. Message(Header), .. Message(protocol)];

    /// <summary>As initiator: proposes one after the other until one is taken.</summary>
    /// <exception cref="Libp2pException">None is taken, or the rules are broken.</exception>
    public static async ValueTask<string> SelectAsync(IDuplex stream, IReadOnlyList<string> protocols, CancellationToken cancellation)
    {
        await stream.WriteAsync(Opening(protocols[0]), cancellation);
        await ExpectAsync(stream, Header, cancellation);
        for (int i = 0; ; i++)
        {
            string answer = await ReadAsync(stream, cancellation);
            if (answer == protocols[i])
            {
                return answer;
            }

            RequireRefusal(answer);
            if (i + 1 == protocols.Count)
            {
                throw NotSupported(string.Join(", ", protocols));
            }

            await stream.WriteAsync(Message(protocols[i + 1]), cancellation);
        }
    }

    /// <summary>As initiator that has sent its only proposal: reads header and answer.</summary>
    /// <exception cref="Libp2pException">It is not taken, or the rules are broken.</exception>
    public static async ValueTask ConfirmAsync(IDuplex stream, string protocol, CancellationToken cancellation)
    {
        await ExpectAsync(stream, Header, cancellation);
        string answer = await ReadAsync(stream, cancellation);
        if (answer != protocol)
        {
            RequireRefusal(answer);
            throw NotSupported(protocol);
        }
    }

    /// <summary>As responder: takes the first proposal that is supported.</summary>
    /// <exception cref="Libp2pException">Too many proposals, or the rules are broken, or the other side gave up.</exception>
    public static async ValueTask<string> AcceptAsync(IDuplex stream, Func<string, bool> supported, CancellationToken cancellation)
    {
        await ExpectAsync(stream, Header, cancellation);
        byte[] header = Message(Header);
        for (int i = 0; i < MaxProposals; i++)
        {
            string proposal = await ReadAsync(stream, cancellation);
            bool taken = supported(proposal);
            byte[] answer = Message(taken ? proposal : Refusal);
            await stream.WriteAsync(i == 0 ? [.. header, .. answer] : answer, cancellation);
            if (taken)
            {
                return proposal;
            }
        }

        throw new Libp2pException(Libp2pFailure.LimitExceeded, "too many protocols proposed");
    }

    private static byte[] Message(string text)
    {
        byte[] message = new byte[Uvarint.MaxSize + Encoding.UTF8.GetMaxByteCount(text.Length) + 1];
        int size = Uvarint.Write(message, (ulong)Encoding.UTF8.GetByteCount(text) + 1);
        size += Encoding.UTF8.GetBytes(text, message.AsSpan(size));
        message[size++] = (byte)'\n';
        return message[..size];
    }

    private static async ValueTask ExpectAsync(IDuplex stream, string text, CancellationToken cancellation)
    {
        if (await ReadAsync(stream, cancellation) != text)
        {
            throw new Libp2pException(Libp2pFailure.ProtocolViolation, $"{text} was expected");
        }
    }

    private static async ValueTask<string> ReadAsync(IDuplex stream, CancellationToken cancellation)
    {
        byte[] message = await stream.ReadFrameAsync(MaxMessage, cancellation)
            ?? throw new Libp2pException(Libp2pFailure.ProtocolNotSupported, "the other side ended while a protocol was agreed on");
        if (message.Length == 0 || message[^1] != (byte)'\n')
        {
            throw new Libp2pException(Libp2pFailure.ProtocolViolation, "a negotiation message does not end with a newline");
        }

        return Encoding.UTF8.GetString(message.AsSpan(0, message.Length - 1));
    }

    private static void RequireRefusal(string answer)
    {
        if (answer != Refusal)
        {
            throw new Libp2pException(Libp2pFailure.ProtocolViolation, "another protocol than the proposed one was answered");
        }
    }

    private static Libp2pException NotSupported(string protocols) =>
        new(Libp2pFailure.ProtocolNotSupported, $"the other side does not speak {protocols}");
}
