using Kimura.Silo.Backups;
using Xunit;

namespace Kimura.Tests.Unit.Silo.Backups;

/// <summary>What node and tool say to each other, pinned: they may be of two builds.</summary>
public sealed class CheckpointReplyTests
{
    private const string Copy = """{"checkpoint":"7","node_version":"1.2.3","leader_keys":["02ab@0"],"error":null}""";
    private const string Refusal = """{"checkpoint":null,"node_version":"1.2.3","leader_keys":[],"error":"why"}""";

    [Fact]
    public void A_reply_is_these_bytes_and_is_read_back()
    {
        Assert.Equal("checkpoint 1", CheckpointReply.Request);
        Assert.Equal(Copy, new CheckpointReply("7", "1.2.3", ["02ab@0"], null).Encode());
        Assert.Equal(Refusal, new CheckpointReply(null, "1.2.3", [], "why").Encode());
        var read = CheckpointReply.Decode(Copy)!;
        Assert.Equal(("7", "1.2.3", null, "02ab@0"), (read.Checkpoint, read.NodeVersion, read.Error, Assert.Single(read.LeaderKeys)));
        Assert.Equal("why", CheckpointReply.Decode(Refusal)!.Error);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no json")]
    [InlineData("{\"checkpoint\":7}")]
    [InlineData("[]")]
    public void What_is_none_is_none(string line) => Assert.Null(CheckpointReply.Decode(line));
}
