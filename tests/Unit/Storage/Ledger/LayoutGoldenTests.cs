using System.Text.Json.Nodes;
using Kimura.Chain;
using Kimura.Grains;
using Kimura.Storage.GrainState;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger;
using Kimura.Tests.Unit.Chain;
using Kimura.Tests.Unit.Chain.Golden;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans;
using Orleans.Runtime;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Ledger;

/// <summary>Pins every byte that a node's database holds (protocol section 4).</summary>
public sealed class LayoutGoldenTests
{
    private const string Description =
        "Every key and value in the database of a leader of chain chain_id with two blocks, the first "
        + "with three messages (alice, bob, alice of keys.json) and covered by a complete check, the second empty; one message of bob pending, a second block at height 2 kept as "
        + "evidence, and the state 'epoch' of grain leader/0 written twice. A key is its prefix in ASCII followed by key in hex. ";

    private const string OnDemandDescription =
        "Every key and value in the database of a peer of chain chain_id with bodies on demand: a block with a message of alice and its body, then "
        + "a block with messages of alice and bob (keys.json) of which only bob's was fetched. A key is its prefix in ASCII followed by key in hex. ";

    [Fact]
    public async Task The_database_holds_exactly_the_golden_bytes()
    {
        await using var ledger = await LedgerFixture.CreateAsync(new ChainParameters("kimura-golden"));
        var block = await ledger.ProduceAsync("alice", "bob", "alice");
        await new IntegrityCheck(ledger.Store, ledger.Chain, ledger.Producers, InlineWorkers.Instance, NullLogger.Instance).RunAsync(VerifyMode.Headers);
        await ledger.ProduceAsync();
        Assert.True(await ledger.Chain.KeepEquivocationAsync(ledger.BlockOn(block, LedgerFixture.Start + 5_000).Header));
        await ledger.SubmitAsync("bob");
        using (var grains = new KeyValueGrainStorage(ledger.Store))
        {
            var state = new GrainState<EpochState>(new EpochState(1));
            await grains.WriteStateAsync("epoch", GrainId.Create("leader", "0"), state);
            state.State = new EpochState(2);
            await grains.WriteStateAsync("epoch", GrainId.Create("leader", "0"), state);
        }

        await CheckAsync("storage.json", Description, ledger);
    }

    [Fact]
    public async Task Without_bodies_the_database_holds_exactly_the_golden_bytes()
    {
        await using var ledger = await LedgerFixture.CreateAsync(new ChainParameters("kimura-golden"));
        await ledger.FollowAsync(LedgerFixture.Start, ledger.Sign("alice"));
        var fetched = ledger.Sign("bob");
        await ledger.FollowListAsync(LedgerFixture.Start + 1_000, ledger.Sign("alice"), fetched);
        Assert.True(await ledger.Chain.KeepBodyAsync(fetched.ComputeId(), fetched.Encoding));

        await CheckAsync("storage_on_demand.json", OnDemandDescription, ledger);
    }

    private static async Task CheckAsync(string file, string description, LedgerFixture ledger)
    {
        var families = new JsonObject();
        foreach (var family in Enum.GetValues<Family>().Where(family => family != Family.Unspecified))
        {
            families[family.ToString().ToLowerInvariant()] = GoldenFile.Array((await ledger.DumpAsync(family)).Select(Pair));
        }

        GoldenFile.Check(file, new JsonObject
        {
            ["description"] = description + GoldenFile.NumberRule,
            ["chain_id"] = "kimura-golden",
            ["leader"] = TestKeys.Public("leader").ToString(),
            ["families"] = families,
        });
    }

    private static JsonObject Pair((string Key, string Value) pair)
    {
        var key = Convert.FromHexString(pair.Key);
        var prefix = Array.IndexOf(key, (byte)':') + 1;
        var isText = key.All(one => one is >= 0x20 and < 0x7f);
        var text = isText ? key.Length : prefix;
        return new JsonObject
        {
            ["prefix"] = System.Text.Encoding.ASCII.GetString(key, 0, text),
            ["key"] = Convert.ToHexStringLower(key.AsSpan(text)),
            ["value"] = pair.Value,
        };
    }
}
