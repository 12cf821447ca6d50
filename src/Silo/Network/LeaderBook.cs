using Kimura.Chain;
using Kimura.Chain.Leadership;
using Kimura.Grains;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Identities;
using Kimura.Silo.Network.Wire;
using Kimura.Storage.Ledger;

namespace Kimura.Silo.Network;

/// <summary>Where the leader is, as far as its own signature proves it. A few answers are kept: none of them says how old it is. Thread-safe.</summary>
internal sealed class LeaderBook(ChainStore chain, NodeOptions options)
{
    private const int MaxRecords = 4;

    private readonly Lock _gate = new();
    private readonly List<(PublicKey Key, LeaderRecord Record)> _records = [];

    /// <summary>The records under the key that the next block needs, the latest to prove useful first.</summary>
    public IReadOnlyList<LeaderRecord> Current
    {
        get
        {
            var key = NextKey;
            lock (_gate)
            {
                return [.. _records.Where(known => known.Key == key).Select(known => known.Record)];
            }
        }
    }

    private PublicKey NextKey => options.Producers.KeyAt(chain.Tip.Height + 1);

    /// <summary>
    /// Takes a record; false where the leader did not sign it. Its addresses are nobody's word but the teller's: the leader's own
    /// (<paramref name="isFirstHand"/>) replace others, others are added while there is room.
    /// </summary>
    public bool Offer(LeaderRecord record, bool isFirstHand)
    {
        var key = NextKey;
        lock (_gate)
        {
            var at = _records.FindIndex(known => known.Key == key && known.Record.Peer == record.Peer);
            if (at < 0 || !_records[at].Record.Signature.Span.SequenceEqual(record.Signature.Span))
            {
                if (!LeaderProof.IsValid(key, chain.Parameters.Genesis.Hash, record.Peer.Bytes, record.Signature.Span))
                {
                    return false;
                }
            }

            IReadOnlyList<Multiaddress> addresses = at < 0 || isFirstHand
                ? record.Addresses
                : [.. _records[at].Record.Addresses.Union(record.Addresses).Take(WireFormat.MaxAddresses)];
            var merged = (key, record with { Addresses = addresses });
            if (at >= 0)
            {
                _records[at] = merged;
                return true;
            }

            _records.Insert(0, merged);
            if (_records.Count > MaxRecords)
            {
                _records.RemoveAt(MaxRecords);
            }

            return true;
        }
    }

    /// <summary>
    /// Nobody answered as the leader at this address: it makes room for others, and comes back with the next word of somebody who has it. So
    /// false addresses, which anybody can add, do not keep the true one out.
    /// </summary>
    public void Unreachable(PeerId peer, Multiaddress address)
    {
        lock (_gate)
        {
            for (var i = 0; i < _records.Count; i++)
            {
                var (key, record) = _records[i];
                if (record.Peer == peer)
                {
                    _records[i] = (key, record with { Addresses = [.. record.Addresses.Where(known => !known.Equals(address))] });
                }
            }
        }
    }

    /// <summary>This peer answered as the leader: it is asked first from now on.</summary>
    public void Prefer(PeerId peer)
    {
        lock (_gate)
        {
            var at = _records.FindIndex(known => known.Record.Peer == peer);
            if (at > 0)
            {
                var record = _records[at];
                _records.RemoveAt(at);
                _records.Insert(0, record);
            }
        }
    }
}
