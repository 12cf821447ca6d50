using FsCheck.Fluent;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Tests.Unit.Chain.Golden;
using Xunit;

namespace Kimura.Tests.Unit.Chain;

public sealed class ValueTests(ITestOutputHelper output)
{
    [Fact]
    public void Hashes_are_ordered_and_equal_as_their_bytes()
    {
        // Few different values a byte, so that the first difference is anywhere and equal hashes come up.
        var sparse = Gen.Choose(0, 31).Select(i => Enumerable.Range(0, 32).Select(at => (byte)(at == i ? 0x80 : 0)).ToArray());
        var dense = Gen.Choose(0, 255).Select(i => (byte)i).ArrayOf(32);
        var hashes = Gen.OneOf(sparse, dense);
        Properties.Check(output, Gen.Zip(hashes, hashes), 2_000, pair =>
        {
            var (left, right) = pair;
            var order = Math.Sign(left.AsSpan().SequenceCompareTo(right));
            Hash32 a = new(left), b = new(right);
            Assert.Equal(order, Math.Sign(a.CompareTo(b)));
            Assert.Equal((order < 0, order <= 0, order > 0, order >= 0, order == 0), (a < b, a <= b, a > b, a >= b, a == b));
            Assert.Equal(a, new Hash32(left));
            Assert.Equal(a.GetHashCode(), new Hash32(left).GetHashCode());
            Assert.Equal(left, a.ToArray());
        });
    }

    [Fact]
    public void Each_of_the_32_bytes_counts()
    {
        for (var at = 0; at < 32; at++)
        {
            var bytes = new byte[32];
            bytes[at] = 1;
            Assert.NotEqual(default, new Hash32(bytes));
            Assert.True(new Hash32(bytes) > default(Hash32));
        }
    }

    [Fact]
    public void Values_of_another_length_are_bugs()
    {
        Assert.Throws<ArgumentException>(() => new Hash32(new byte[31]));
        Assert.Throws<ArgumentException>(() => new Hash32(new byte[33]));
        Assert.Throws<ArgumentException>(() => new PublicKey(new byte[32]));
        Assert.Throws<ArgumentException>(() => new PublicKey(new byte[65]));
        Assert.Throws<ArgumentException>(() => new Signature(new byte[63]));
        Assert.Throws<ArgumentException>(() => new Signature(new byte[65]));
    }

    [Fact]
    public void Names_are_written_in_hex()
    {
        var bytes = Enumerable.Range(1, 65).Select(i => (byte)i).ToArray();
        var hash = new Hash32(bytes.AsSpan(0, 32));
        var text = Convert.ToHexStringLower(bytes.AsSpan(0, 32));
        Assert.Equal(text, hash.ToString());
        Assert.Equal(text, new BlockHash(hash).ToString());
        Assert.Equal(text, new MessageId(hash).ToString());
        Assert.Equal(text, new MessageHash(hash).ToString());
        Assert.Equal(Convert.ToHexStringLower(bytes.AsSpan(0, 33)), new PublicKey(bytes.AsSpan(0, 33)).ToString());
        Assert.Equal(Convert.ToHexStringLower(bytes.AsSpan(0, 64)), new Signature(bytes.AsSpan(0, 64)).ToString());
    }

    [Fact]
    public void Keys_with_one_x_and_another_sign_differ()
    {
        var key = TestKeys.Public("alice").ToArray();
        var same = new PublicKey(key);
        key[0] ^= 1;
        Assert.Equal(TestKeys.Public("alice"), same);
        Assert.Equal(TestKeys.Public("alice").GetHashCode(), same.GetHashCode());
        Assert.NotEqual(same, new PublicKey(key));
    }

    [Theory]
    [InlineData(0, "alice")]
    [InlineData(1, "alice")]
    [InlineData(9, "alice")]
    [InlineData(10, "bob")]
    [InlineData(19, "bob")]
    [InlineData(20, "carol")]
    [InlineData(ulong.MaxValue, "carol")]
    public void The_leader_key_of_a_height_is_the_last_that_began(ulong height, string name)
    {
        var schedule = new ProducerSchedule([(20, TestKeys.Public("carol")), (0, TestKeys.Public("alice")), (10, TestKeys.Public("bob"))]);
        Assert.Equal(TestKeys.Public(name), schedule.KeyAt(height));
    }

    [Fact]
    public void A_schedule_without_a_key_is_pinned_once_for_the_whole_chain()
    {
        var schedule = ProducerSchedule.Unknown();
        Assert.False(schedule.IsKnown);
        Assert.Equal(default, schedule.KeyAt(1));

        var keys = TestKeys.All.Select(key => TestKeys.Public(key.Name)).ToArray();
        var pinned = keys.AsParallel().Where(schedule.TryPin).ToList();

        Assert.True(schedule.IsKnown);
        Assert.Equal(Assert.Single(pinned), schedule.KeyAt(1));
        Assert.Equal(pinned[0], schedule.KeyAt(ulong.MaxValue));
        Assert.All(keys, key => Assert.False(schedule.TryPin(key)));
    }

    [Fact]
    public void A_schedule_that_was_given_is_known_and_takes_no_pin()
    {
        var schedule = new ProducerSchedule(TestKeys.Public("alice"));
        Assert.True(schedule.IsKnown);
        Assert.False(schedule.TryPin(TestKeys.Public("bob")));
        Assert.Equal(TestKeys.Public("alice"), schedule.KeyAt(5));
    }

    [Fact]
    public void A_schedule_without_a_beginning_or_with_two_keys_at_one_height_is_refused()
    {
        var key = TestKeys.Public("alice");
        Assert.Throws<ArgumentException>(() => new ProducerSchedule([]));
        Assert.Throws<ArgumentException>(() => new ProducerSchedule([(2, key)]));
        Assert.Throws<ArgumentException>(() => new ProducerSchedule([(0, key), (5, key), (5, TestKeys.Public("bob"))]));
        Assert.Equal(key, new ProducerSchedule([(1, key)]).KeyAt(1));
        Assert.Equal(key, new ProducerSchedule(key).KeyAt(ulong.MaxValue));
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("kimura-main-1", true)]
    [InlineData("-", true)]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123", true)]
    [InlineData("01234567890123456789012345678901234567890123456789012345678901234", false)]
    [InlineData("", false)]
    [InlineData("A", false)]
    [InlineData("a_b", false)]
    [InlineData("a b", false)]
    [InlineData("a\n", false)]
    [InlineData("\na", false)]
    [InlineData("ä", false)]
    [InlineData("K", false)]
    [InlineData("١", false)]
    public void A_chain_id_is_1_to_64_of_small_letters_digits_and_hyphens(string id, bool valid)
    {
        Assert.Equal(valid, ChainParameters.IsValidChainId(id));
        var thrown = Record.Exception(() => new ChainParameters(id));
        Assert.Equal(valid, thrown is null);
        Assert.True(valid || thrown is ArgumentException);
    }

    [Fact]
    public void Parameters_have_the_protocols_defaults()
    {
        var parameters = new ChainParameters();
        Assert.Null(parameters.ChainId);
        Assert.Equal(65_536, parameters.MaxContent);
        Assert.Equal(200_000, parameters.MaxMessages);
        Assert.Equal(96L * 1024 * 1024, parameters.MaxMessageBytes);
        Assert.Equal((0UL, 0UL, default, default), (parameters.Genesis.Height, parameters.Genesis.Header.Timestamp, parameters.Genesis.Header.PrevHash, parameters.Genesis.Header.Producer));
    }

    [Theory]
    [InlineData(0, 1, 66_560L, true)]
    [InlineData(65_536, 200_000, 100_663_296L, true)]
    [InlineData(-1, 1, 66_560L, false)]
    [InlineData(65_537, 1, 66_560L, false)]
    [InlineData(0, 0, 66_560L, false)]
    [InlineData(0, -1, 66_560L, false)]
    [InlineData(0, int.MaxValue, 66_560L, false)]
    [InlineData(0, 1, 66_559L, false)]
    [InlineData(0, 1, -1L, false)]
    public void Limits_are_checked(int maxContent, int maxMessages, long maxMessageBytes, bool valid)
    {
        var thrown = Record.Exception(() => new ChainParameters(null, maxContent, maxMessages, maxMessageBytes));
        Assert.Equal(valid, thrown is null);
        Assert.True(valid || thrown is ArgumentException);
    }

    [Theory]
    [InlineData(10_000, 0, 10_000, false)]
    [InlineData(10_000, 0, 5_000, false)]
    [InlineData(10_000, 0, 4_999, true)]
    [InlineData(10_000, 0, 0, true)]
    [InlineData(10_000, 0, ulong.MaxValue, false)]
    [InlineData(10_000, 20_000, 15_000, false)]
    [InlineData(10_000, 20_000, 14_999, true)]
    public void A_producer_waits_while_its_clock_is_more_than_5_s_behind_its_last_block_or_message(ulong last, ulong message, ulong now, bool waits)
    {
        var header = new BlockHeader(1, last, default, default, default, default);
        Assert.Equal(waits, BlockProduction.MustWait(header, message, now));
    }
}
