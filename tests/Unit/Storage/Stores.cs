using System.Text;
using Kimura.Storage.KeyValue;
using Kimura.Storage.RocksDb;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kimura.Tests.Unit.Storage;

/// <summary>Short forms for tests on a store.</summary>
internal static class Stores
{
    internal static Task<RocksDbStore> OpenAsync(string directory, RocksDbHooks? hooks = null) =>
        RocksDbStore.OpenAsync(directory, NullLogger.Instance, hooks ?? new RocksDbHooks());

    internal static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    internal static WriteBatch Put(string key, string value, Family family = Family.Metadata) => Put(Bytes(key), Bytes(value), family);

    internal static WriteBatch Put(byte[] key, byte[] value, Family family = Family.Metadata)
    {
        var batch = new WriteBatch();
        batch.Put(family, key, value);
        return batch;
    }

    internal static async Task<string?> GetAsync(IKeyValueStore store, string key, Family family = Family.Metadata) =>
        await store.GetAsync(family, Bytes(key)) is { } value ? Encoding.UTF8.GetString(value) : null;

    internal static async Task<List<string>> KeysAsync(IKeyValueStore store, Family family, string prefix = "", string from = "")
    {
        var keys = new List<string>();
        await foreach (var (key, _) in store.IterateAsync(family, Bytes(prefix), Bytes(from)))
            keys.Add(Encoding.UTF8.GetString(key));

        return keys;
    }
}
