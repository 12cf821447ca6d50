using Kimura.Storage.KeyValue;
using Xunit;

namespace Kimura.Tests.Unit.Storage;

public sealed class WriteBatchTests
{
    [Fact]
    public void Operations_come_back_in_order_with_joined_values()
    {
        var batch = new WriteBatch();
        batch.Put(Family.Blocks, [1, 2], [3], [4, 5]);
        batch.Delete(Family.Pending, [6]);
        batch.Put(Family.Grains, [7], []);

        Assert.Equal(3, batch.Count);
        Assert.Equal(7, batch.Size);
        Assert.Equal(Family.Blocks, batch[0].Family);
        Assert.Equal([1, 2], batch[0].Key.ToArray());
        Assert.Equal([3, 4, 5], batch[0].Value.ToArray());
        Assert.False(batch[0].IsDelete);
        Assert.True(batch[1].IsDelete);
        Assert.Equal([6], batch[1].Key.ToArray());
        Assert.True(batch[1].Value.IsEmpty);
        Assert.False(batch[2].IsDelete);
        Assert.True(batch[2].Value.IsEmpty);
    }

    [Fact]
    public void Caller_keeps_its_buffers_and_a_cleared_batch_is_empty()
    {
        var batch = new WriteBatch();
        byte[] key = [1], value = [2];
        batch.Put(Family.Metadata, key, value);
        key[0] = value[0] = 9;
        for (var i = 0; i < 1000; i++)
            batch.Put(Family.Metadata, [3], new byte[100]);

        Assert.Equal([1], batch[0].Key.ToArray());
        Assert.Equal([2], batch[0].Value.ToArray());
        batch.Clear();
        Assert.Equal(0, batch.Count);
        Assert.Equal(0, batch.Size);
        Assert.Throws<IndexOutOfRangeException>(() => batch[0].IsDelete);
    }

    [Theory]
    [InlineData(Family.Unspecified)]
    [InlineData((Family)6)]
    [InlineData((Family)(-1))]
    public void Unknown_family_is_refused_at_once(Family family)
    {
        var batch = new WriteBatch();
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Put(family, [1], [2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Delete(family, [1]));
        Assert.Equal(0, batch.Count);
        Assert.Equal(0, batch.Size);
    }
}
