namespace Kimura.Libp2p.Connections;

/// <summary>Counts inbound connections by address before anything is read from them. Thread-safe.</summary>
internal sealed class AdmissionGate(ConnectionLimits limits, TimeProvider time)
{
    private const int MaxRemembered = 8192;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Counts> _byAddress = new(StringComparer.Ordinal);
    private int _pending;

    /// <summary>True where the address may begin a handshake; then <see cref="Settle"/> and <see cref="Leave"/> follow.</summary>
    public bool TryEnter(string address)
    {
        lock (_gate)
        {
            long now = time.GetTimestamp();
            if (!_byAddress.TryGetValue(address, out Counts? counts))
            {
                if (_byAddress.Count >= MaxRemembered)
                {
                    ForgetIdle(now);
                }

                if (_byAddress.Count >= MaxRemembered)
                {
                    return false;
                }

                _byAddress[address] = counts = new Counts { SecondStarted = now };
            }

            if (time.GetElapsedTime(counts.SecondStarted, now) >= TimeSpan.FromSeconds(1))
            {
                (counts.SecondStarted, counts.Begun) = (now, 0);
            }

            if (_pending >= limits.Pending
                || counts.Pending >= limits.PendingPerAddress
                || counts.Open >= limits.ConnectionsPerAddress
                || counts.Begun >= limits.RatePerAddress)
            {
                return false;
            }

            counts.Begun++;
            counts.Pending++;
            counts.Open++;
            _pending++;
            return true;
        }
    }

    /// <summary>The handshakes are over, well or not.</summary>
    public void Settle(string address)
    {
        lock (_gate)
        {
            _pending--;
            _byAddress[address].Pending--;
        }
    }

    /// <summary>The connection is gone.</summary>
    public void Leave(string address)
    {
        lock (_gate)
        {
            _byAddress[address].Open--;
        }
    }

    private void ForgetIdle(long now)
    {
        foreach ((string address, Counts counts) in _byAddress)
        {
            if (counts.Open == 0 && time.GetElapsedTime(counts.SecondStarted, now) >= TimeSpan.FromSeconds(1))
            {
                _byAddress.Remove(address);
            }
        }
    }

    private sealed class Counts
    {
        public int Pending { get; set; }

        public int Open { get; set; }

        public int Begun { get; set; }

        public long SecondStarted { get; set; }
    }
}
