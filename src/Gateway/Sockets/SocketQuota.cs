using System.Net;
using Kimura.Gateway.RateLimiting;

namespace Kimura.Gateway.Sockets;

/// <summary>Bounds the WebSockets that are open at one time, all together and for one client address.</summary>
internal sealed class SocketQuota(GatewayOptions options)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<UInt128, int> _clients = [];
    private int _open;

    /// <summary>Takes one; false if there are as many as may be.</summary>
    public bool TryTake(IPAddress? client)
    {
        var key = ClientKey.Of(client);
        lock (_lock)
        {
            var own = _clients.GetValueOrDefault(key);
            if (_open >= options.MaxSockets || own >= options.MaxSocketsPerClient)
            {
                return false;
            }

            _open++;
            _clients[key] = own + 1;
            return true;
        }
    }

    /// <summary>Gives it back.</summary>
    public void Return(IPAddress? client)
    {
        var key = ClientKey.Of(client);
        lock (_lock)
        {
            _open--;
            if (_clients[key] == 1)
            {
                _clients.Remove(key);
            }
            else
            {
                _clients[key]--;
            }
        }
    }
}
