using System.Text;
using Kimura.Chain;
using Xunit;

namespace Kimura.Tests.Unit.Chain;

public sealed class HexTests
{
    [Theory]
    [InlineData("00ff10", true)]
    [InlineData("00FF10", true)]
    [InlineData("00fF10", true)]
    [InlineData("0x00ff10", true)]
    [InlineData("0x00FF10", true)]
    [InlineData("0X00ff10", false)]
    [InlineData("0x0x00ff10", false)]
    [InlineData("", false)]
    [InlineData("0x", false)]
    [InlineData("00ff1", false)]
    [InlineData("00ff100", false)]
    [InlineData("00ff1000", false)]
    [InlineData("00ff", false)]
    [InlineData("0x00ff", false)]
    [InlineData("00ff1g", false)]
    [InlineData("00ff1 ", false)]
    [InlineData(" 00ff1", false)]
    [InlineData("00ff1\n", false)]
    [InlineData("00 f10", false)]
    [InlineData("+0ff10", false)]
    [InlineData("-0ff10", false)]
    [InlineData("00ff１0", false)]
    public void Three_bytes_are_read_from(string text, bool read)
    {
        var bytes = new byte[3];
        Assert.Equal(read, Hex.TryDecode(text, bytes));
        Assert.Equal(read ? [0x00, 0xff, 0x10] : [0, 0, 0], read ? bytes : new byte[3]);
        Array.Clear(bytes);
        Assert.Equal(read, Hex.TryDecode(Encoding.UTF8.GetBytes(text), bytes));
        Assert.Equal(read ? [0x00, 0xff, 0x10] : [0, 0, 0], read ? bytes : new byte[3]);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("0x", true)]
    [InlineData("00", false)]
    public void No_bytes_are_read_from(string text, bool read)
    {
        Assert.Equal(read, Hex.TryDecode(text, []));
        Assert.Equal(read, Hex.TryDecode(Encoding.UTF8.GetBytes(text), []));
    }

    [Fact]
    public void Every_byte_is_read_and_written_back()
    {
        var text = string.Concat(Enumerable.Range(0, 32).Select(i => $"{(i * 37) % 256:x2}"));
        Assert.True(Hash32.TryParse(text, out var hash));
        Assert.Equal(text, hash.ToString());
        Assert.True(Hash32.TryParse("0x" + text.ToUpperInvariant(), out var upper));
        Assert.Equal(hash, upper);
        Assert.False(Hash32.TryParse(text.AsSpan(1), out var none));
        Assert.Equal(default, none);
    }
}
