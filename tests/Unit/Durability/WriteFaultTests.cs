using Kimura.Durability;
using Xunit;

namespace Kimura.Tests.Unit.Durability;

public sealed class WriteFaultTests : IDisposable
{
    private readonly StringWriter _log = new();
    private int _stops;

    public void Dispose() => _log.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("stop")]
    [InlineData("stop:before")]
    [InlineData("stop:during:1")]
    [InlineData("stop:before:0")]
    [InlineData("stop:before:-1")]
    [InlineData("stop:before:1:2")]
    [InlineData("burn:before:1")]
    [InlineData("Trace")]
    public void What_is_no_fault_is_refused(string text) => Assert.False(WriteFault.TryParse(text, _log, out _));

    [Fact]
    public void Only_the_site_with_the_number_fails()
    {
        var fault = Parse("fail:before:2");
        fault.Meet("a", WriteMoment.Before, canFail: true);
        fault.Meet("a", WriteMoment.After, canFail: true);
        var failure = Assert.Throws<IOException>(() => fault.Meet("b", WriteMoment.Before, canFail: true));
        fault.Meet("c", WriteMoment.Before, canFail: true);

        Assert.Contains("'b'", failure.Message);
        Assert.Equal($"write site 2 before: b{Environment.NewLine}", _log.ToString());
        Assert.Equal(0, _stops);
    }

    [Fact]
    public void Sites_after_the_write_are_counted_for_themselves()
    {
        var fault = Parse("stop:after:1");
        fault.Meet("a", WriteMoment.Before, canFail: true);
        fault.Meet("b", WriteMoment.Before, canFail: true);
        Assert.Equal(0, _stops);
        fault.Meet("b", WriteMoment.After, canFail: true);
        Assert.Equal(1, _stops);
    }

    [Fact]
    public void Site_without_a_way_to_fail_does_not() => Parse("fail:after:1").Meet("database close", WriteMoment.After, canFail: false);

    [Fact]
    public void Trace_names_every_site_and_does_nothing()
    {
        var fault = Parse("trace");
        fault.Meet("a", WriteMoment.Before, canFail: true);
        fault.Meet("a", WriteMoment.After, canFail: true);
        Assert.Equal(["write site 1 before: a", "write site 1 after: a"], _log.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(0, _stops);
    }

    private WriteFault Parse(string text)
    {
        Assert.True(WriteFault.TryParse(text, _log, () => _stops++, out var fault));
        return fault;
    }
}
