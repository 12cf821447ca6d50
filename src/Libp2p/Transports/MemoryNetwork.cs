using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Kimura.Libp2p.Addressing;

namespace Kimura.Libp2p.Transports;

/// <summary>
/// A network in memory that stands in for TCP: its addresses look the same, its links are perfect until they are cut. For tests and
/// simulations. Thread-safe.
/// </summary>
public sealed class MemoryNetwork
{
    private const int FirstFreePort = 10_000;
    private readonly ConcurrentDictionary<string, MemoryListener> _listeners = new(StringComparer.Ordinal);
    private int _lastPort = FirstFreePort;

    /// <summary>The transport of the machine with this IP address.</summary>
    public ITransport At(string address) => new MemoryTransport(this, IPAddress.Parse(address));

    private Multiaddress FreeAddress(IPAddress machine) => Multiaddress.Tcp(machine, Interlocked.Increment(ref _lastPort));

    private sealed class MemoryTransport(MemoryNetwork network, IPAddress machine) : ITransport
    {
        public bool Carries(Multiaddress address) => address.TryTcp(out _, out _, out _);

        public ValueTask<ITransportConnection> DialAsync(Multiaddress address, CancellationToken cancellation)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!network._listeners.TryGetValue(address.WithoutPeer().ToString(), out MemoryListener? listener))
            {
                throw new Libp2pException(Libp2pFailure.NotReachable, $"{address} does not answer");
            }

            MemoryPipe there = new(), back = new();
            listener.Arrive(new MemoryConnection(network.FreeAddress(machine), there, back));
            return ValueTask.FromResult<ITransportConnection>(new MemoryConnection(address.WithoutPeer(), back, there));
        }

        public ValueTask<ITransportListener> ListenAsync(Multiaddress address, CancellationToken cancellation)
        {
            _ = address.TryTcp(out string host, out int port, out _);
            Multiaddress actual = port == 0 ? network.FreeAddress(IPAddress.Parse(host)) : address.WithoutPeer();
            string key = actual.ToString();
            MemoryListener listener = new(actual, () => network._listeners.TryRemove(key, out _));
            return network._listeners.TryAdd(key, listener)
                ? ValueTask.FromResult<ITransportListener>(listener)
                : throw new Libp2pException(Libp2pFailure.NotReachable, string.Create(CultureInfo.InvariantCulture, $"{actual} is taken"));
        }
    }

    private sealed class MemoryListener(Multiaddress address, Action onDispose) : ITransportListener
    {
        private readonly Lock _gate = new();
        private readonly Queue<MemoryConnection> _arrived = new();
        private readonly Signal _changed = new();
        private bool _disposed;

        public Multiaddress Address => address;

        public void Arrive(MemoryConnection connection)
        {
            lock (_gate)
            {
                if (_disposed)
                {
                    connection.Abort();
                    return;
                }

                _arrived.Enqueue(connection);
                _changed.Raise();
            }
        }

        public async ValueTask<ITransportConnection?> AcceptAsync(CancellationToken cancellation)
        {
            while (true)
            {
                Task wait;
                lock (_gate)
                {
                    if (_disposed)
                    {
                        return null;
                    }

                    if (_arrived.TryDequeue(out MemoryConnection? connection))
                    {
                        return connection;
                    }

                    wait = _changed.Wait(cancellation);
                }

                await wait;
            }
        }

        public ValueTask DisposeAsync()
        {
            onDispose();
            lock (_gate)
            {
                _disposed = true;
                while (_arrived.TryDequeue(out MemoryConnection? connection))
                {
                    connection.Abort();
                }

                _changed.Raise();
            }

            return ValueTask.CompletedTask;
        }
    }

    private sealed class MemoryConnection(Multiaddress remote, MemoryPipe incoming, MemoryPipe outgoing) : ITransportConnection
    {
        public Multiaddress RemoteAddress => remote;

        public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default) =>
            incoming.ReadAsync(buffer, cancellation);

        public ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation = default) =>
            outgoing.WriteAsync(data, cancellation);

        public ValueTask CloseWriteAsync(CancellationToken cancellation = default)
        {
            outgoing.End();
            return ValueTask.CompletedTask;
        }

        public void Abort()
        {
            incoming.Break();
            outgoing.Break();
        }

        public ValueTask DisposeAsync()
        {
            Abort();
            return ValueTask.CompletedTask;
        }
    }
}
