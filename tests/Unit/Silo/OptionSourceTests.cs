using System.Net;
using Kimura.Silo.Configuration;
using Kimura.Tests.Unit.Chain.Golden;
using Xunit;

namespace Kimura.Tests.Unit.Silo;

/// <summary>Command line before environment before file, and each blamed by its own name.</summary>
public sealed class OptionSourceTests
{
    [Fact]
    public void The_command_line_wins_over_the_environment_and_that_over_the_file()
    {
        using var given = new Given()
            .WithFile("""{"rpc_port": 1, "rate_limit": 1, "pending_limit": 1}""").With("KIMURA_RPC_PORT", "2").With("KIMURA_RATE_LIMIT", "2");

        var node = given.Read("--rpc-port 3");

        Assert.Equal((3, 2, 1), (node.RpcPort, node.RateLimit, node.PendingLimit));
    }

    [Fact]
    public void A_flag_switched_off_by_a_stronger_source_is_off()
    {
        using var given = new Given().WithFile("""{"test_mode": true, "accept_lost_blocks": true}""").With("KIMURA_ACCEPT_LOST_BLOCKS", "0");

        var node = given.Read("--test-mode false");

        Assert.Equal((TimeSpan.FromSeconds(5), false), (node.BlockInterval, node.AcceptLostBlocks));
    }

    [Fact]
    public void The_file_is_named_by_the_command_line_before_the_environment()
    {
        using var given = new Given().WithFile("""{"rpc_port": 7}""").With("KIMURA_CONFIG", "/nowhere.json");

        Assert.Equal(7, given.Read(["--config", given.FilePath]).RpcPort);
    }

    [Fact]
    public void A_file_may_hold_every_kind_of_value()
    {
        var (leader, bob) = (TestKeys.Public("leader").ToString(), TestKeys.Public("bob").ToString());
        using var given = new Given().WithFile($$"""
            {
              // The seeds' names.
              "is_leader": true,
              "db_path": "/tmp/kimura",
              "listen_addr": "/ip4/127.0.0.1/tcp/9000",
              "test_mode": true,
              "rpc_host": "127.0.0.2",
              "rate_limit": "17",
              "leader_key": ["{{leader}}", "{{bob}}@9"],
              "cors_origin": "http://a, http://b",
              "chain_id": "x"
            }
            """);

        var node = given.Read();

        Assert.Equal(("/tmp/kimura", IPAddress.Parse("127.0.0.2"), 17, "x"), (node.DbPath, node.RpcHost, node.RateLimit, node.Chain.ChainId));
        Assert.Equal(TimeSpan.FromMilliseconds(100), node.BlockInterval);
        Assert.Equal([0ul, 9ul], node.LeaderKeys.Select(key => key.From));
        Assert.Equal(["http://a, http://b"], node.CorsOrigins);
    }

    [Fact]
    public void A_repeatable_option_is_a_list_with_commas_in_the_environment_and_one_source_has_it_all()
    {
        using var given = new Given().WithFile("""{"cors_origin": ["http://c"]}""").With("KIMURA_CORS_ORIGIN", "http://a, http://b");

        Assert.Equal(["http://a", "http://b"], given.Read().CorsOrigins);
        Assert.Equal(["http://d"], given.Read("--cors-origin http://d").CorsOrigins);
    }

    [Fact]
    public void An_empty_variable_and_an_empty_list_say_nothing()
    {
        using var given = new Given().WithFile("""{"cors_origin": [], "rpc_port": 7}""").With("KIMURA_RPC_PORT", "");

        Assert.Equal(7, given.Read().RpcPort);
        Assert.Equal(["*"], given.Read().CorsOrigins);
    }

    [Theory]
    [InlineData("KIMURA_RPC_PORT", "x", "KIMURA_RPC_PORT: 'x' is not a whole number from 0 to 65535")]
    [InlineData("KIMURA_LEADER", "yes", "KIMURA_LEADER: 'yes' is not true or false")]
    [InlineData("KIMURA_LEADER_ADDRESS", "1.2.3.4", "KIMURA_LEADER_ADDRESS: '1.2.3.4' is not a multiaddr over TCP such as /ip4/127.0.0.1/tcp/9000")]
    [InlineData("KIMURA_CONFIG", "/no/such.json", "/no/such.json: Could not find a part of the path '/no/such.json'.")]
    public void A_bad_variable_is_named(string variable, string value, string message)
    {
        using var given = new Given().With(variable, value);

        Assert.Equal(message, given.Refused());
    }

    [Theory]
    [InlineData("""{"rpc_port": "x"}""", "rpc_port in FILE: 'x' is not a whole number from 0 to 65535")]
    [InlineData("""{"rpc_port": 1.5}""", "rpc_port in FILE: '1.5' is not a whole number from 0 to 65535")]
    [InlineData("""{"rpc_port": null}""", "rpc_port in FILE: must be a text, a number, true or false")]
    [InlineData("""{"rpc_port": [1]}""", "rpc_port in FILE: must be a text, a number, true or false")]
    [InlineData("""{"rpc_port": {}}""", "rpc_port in FILE: must be a text, a number, true or false")]
    [InlineData("""{"cors_origin": [{}]}""", "cors_origin in FILE: must be a text, a number, true or false")]
    [InlineData("""{"test_mode": "on"}""", "test_mode in FILE: 'on' is not true or false")]
    [InlineData("""{"test_mode": true, "block_interval_ms": 200}""", "block_interval_ms in FILE: test mode sets the block interval itself")]
    [InlineData(
        """{"is_leader": false}""",
        "--leader-address: a node that does not lead must be told a node to connect to, or with --leader-key whose blocks count")]
    [InlineData("""{"leader_address": ["1.2.3.4"]}""", "leader_address in FILE: '1.2.3.4' is not a multiaddr over TCP such as /ip4/127.0.0.1/tcp/9000")]
    [InlineData("""{"rpcport": 1}""", "FILE: unknown key 'rpcport'")]
    [InlineData("""{"leader": true}""", "FILE: unknown key 'leader'")]
    [InlineData("""{"config": "other.json"}""", "FILE: unknown key 'config'")]
    [InlineData("[]", "FILE: must be one JSON object")]
    public void A_bad_file_is_named_with_the_key(string json, string message)
    {
        using var given = new Given().WithFile(json);

        Assert.Equal(message, given.Refused());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{} {}")]
    [InlineData("""{"rpc_port": 1, "rpc_port": 2}""")]
    public void A_file_that_is_not_json_is_refused_in_one_line(string json)
    {
        using var given = new Given().WithFile(json);

        var message = given.Refused();

        Assert.StartsWith("FILE: ", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_folder_is_no_file()
    {
        using var given = new Given().With("KIMURA_CONFIG", "/");

        Assert.StartsWith("/: ", Assert.Throws<ConfigurationException>(() => given.Read()).Message, StringComparison.Ordinal);
    }
}
