using FsCheck.Fluent;
using Kimura.Chain;
using Kimura.Chain.Merkle;
using Kimura.Cryptography;
using Xunit;

namespace Kimura.Tests.Unit.Chain;

public sealed class MerkleTreeTests(ITestOutputHelper output)
{
    private const int LargestCount = 130;
    private static readonly byte[] Entries = [.. Enumerable.Range(0, LargestCount * 2).SelectMany(i => Blake(BitConverter.GetBytes(i)))];
    private static readonly Hash32[] Roots = [.. Enumerable.Range(0, LargestCount + 1).Select(count => MerkleTree.ComputeRoot(First(count)))];

    [Fact]
    public void Root_of_each_count_is_that_of_the_recursive_definition()
    {
        for (var count = 0; count <= LargestCount; count++)
        {
            Assert.Equal(new Hash32(NaiveRoot(0, count)), Roots[count]);
        }
    }

    [Fact]
    public void Path_of_each_place_is_that_of_the_recursive_definition_and_leads_to_the_root()
    {
        for (var count = 1; count <= LargestCount; count++)
        {
            for (var index = 0; index < count; index++)
            {
                var path = MerkleTree.ComputePath(First(count), index);
                byte[] naive = [.. NaivePath(index, 0, count).SelectMany(step => step)];
                Assert.Equal(naive, path);
                Assert.Equal(Roots[count], MerkleTree.RootFromPath(LeafAt(index), index, count, path));
            }
        }
    }

    [Fact]
    public void No_other_place_of_the_same_tree_and_no_other_leaf_leads_to_the_root()
    {
        for (var count = 2; count <= 40; count++)
        {
            for (var index = 0; index < count; index++)
            {
                var path = MerkleTree.ComputePath(First(count), index);
                for (var other = 0; other < count; other++)
                {
                    Assert.True(other == index || MerkleTree.RootFromPath(LeafAt(index), other, count, path) != Roots[count], $"{index} as {other} of {count}");
                    Assert.True(other == index || MerkleTree.RootFromPath(LeafAt(other), index, count, path) != Roots[count], $"leaf {other} at {index} of {count}");
                }
            }
        }
    }

    [Fact]
    public void Another_count_leads_to_the_root_only_where_the_path_turns_the_same_way()
    {
        // RFC 6962 leaves the count to whoever signs the root: a path proves a leaf and its turns, not how large the tree is.
        for (var count = 1; count <= 20; count++)
        {
            for (var index = 0; index < count; index++)
            {
                var path = MerkleTree.ComputePath(First(count), index);
                for (var other = 1; other <= 40; other++)
                {
                    for (var place = 0; place < other; place++)
                    {
                        var leads = MerkleTree.RootFromPath(LeafAt(index), place, other, path) == Roots[count];
                        Assert.Equal(Turns(place, other) == Turns(index, count), leads);
                    }
                }
            }
        }
    }

    [Fact]
    public void A_path_changed_anywhere_does_not_lead_to_the_root()
    {
        var cases = from count in Gen.Choose(2, LargestCount)
                    from index in Gen.Choose(0, count - 1)
                    from bit in Gen.Choose(0, int.MaxValue)
                    select (count, index, bit);
        Properties.Check(output, cases, 500, one =>
        {
            var (count, index, bit) = one;
            var path = MerkleTree.ComputePath(First(count), index);
            bit %= path.Length * 8;
            var step = bit / 8 / Hash32.Size * Hash32.Size;
            byte[] flipped = [.. path], longer = [.. path, .. path.AsSpan(0, Hash32.Size)];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            byte[] shorter = [.. path.AsSpan(0, step), .. path.AsSpan(step + Hash32.Size)];
            Assert.NotEqual(Roots[count], MerkleTree.RootFromPath(LeafAt(index), index, count, flipped));
            Assert.NotEqual(Roots[count], MerkleTree.RootFromPath(LeafAt(index), index, count, shorter));
            Assert.Null(MerkleTree.RootFromPath(LeafAt(index), index, count, longer));
            Assert.Null(MerkleTree.RootFromPath(LeafAt(index), index, count, path.AsSpan(1)));
        });
    }

    [Fact]
    public void An_inner_node_is_not_taken_for_a_leaf()
    {
        var path = MerkleTree.ComputePath(First(4), 0);
        var inner = new Hash32(NaiveRoot(0, 2));
        Assert.Equal(Roots[4], MerkleTree.RootFromPath(inner, 0, 2, path.AsSpan(Hash32.Size)));
        var entry = First(4).AsSpan(0, MerkleTree.EntrySize);
        Assert.NotEqual(inner, MerkleTree.Leaf(new MessageId(new Hash32(entry[..32])), new MessageHash(new Hash32(entry[32..]))));
        Assert.NotEqual(new Hash32(Blake([1, .. entry])), MerkleTree.ComputeRoot(entry));
    }

    [Theory]
    [InlineData(-1, 4)]
    [InlineData(4, 4)]
    [InlineData(int.MaxValue, 4)]
    [InlineData(0, 0)]
    public void A_place_outside_the_tree_has_no_path_and_leads_nowhere(int index, int count)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => MerkleTree.ComputePath(First(count), index));
        Assert.Null(MerkleTree.RootFromPath(LeafAt(0), index, count, MerkleTree.ComputePath(First(4), 0)));
    }

    [Fact]
    public void Bytes_that_are_not_whole_entries_are_a_bug()
    {
        Assert.Throws<ArgumentException>(() => MerkleTree.ComputeRoot(new byte[MerkleTree.EntrySize + 1]));
        Assert.Throws<ArgumentException>(() => MerkleTree.ComputePath(new byte[MerkleTree.EntrySize - 1], 0));
    }

    private static byte[] First(int count) => Entries[..(count * MerkleTree.EntrySize)];

    private static Hash32 LeafAt(int index) => new(NaiveRoot(index, 1));

    private static byte[] NaiveRoot(int from, int count)
    {
        if (count == 0)
        {
            return Blake([]);
        }

        if (count == 1)
        {
            return Blake([0, .. Entries.AsSpan(from * MerkleTree.EntrySize, MerkleTree.EntrySize)]);
        }

        var left = LargestPowerOfTwoBelow(count);
        return Blake([1, .. NaiveRoot(from, left), .. NaiveRoot(from + left, count - left)]);
    }

    private static IEnumerable<byte[]> NaivePath(int index, int from, int count)
    {
        if (count == 1)
        {
            return [];
        }

        var left = LargestPowerOfTwoBelow(count);
        return index < left
            ? NaivePath(index, from, left).Append(NaiveRoot(from + left, count - left))
            : NaivePath(index - left, from + left, count - left).Append(NaiveRoot(from, left));
    }

    // From the leaf upwards: R where the sibling is on the right, L where it is on the left.
    private static string Turns(int index, int count)
    {
        if (count == 1)
        {
            return "";
        }

        var left = LargestPowerOfTwoBelow(count);
        return index < left ? Turns(index, left) + "R" : Turns(index - left, count - left) + "L";
    }

    private static int LargestPowerOfTwoBelow(int count)
    {
        var power = 1;
        while (power * 2 < count)
        {
            power *= 2;
        }

        return power;
    }

    private static byte[] Blake(ReadOnlySpan<byte> input)
    {
        var hash = new byte[Blake3.HashSize];
        Blake3.Hash(input, hash);
        return hash;
    }
}
