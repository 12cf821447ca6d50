using Xunit;

namespace Kimura.Tests.Unit.Architecture;

/// <summary>The scanners that the tidy test stands on, on text whose members are known.</summary>
public sealed class ScannerTests
{
    private const string CSharp = """"
        using X = System.Collections.Generic.List<int>;
        namespace Sample;

        [Attribute("{")]
        public sealed class One<T>(int a) : Base where T : class
        {
            private static readonly (int, string)[] Table =
            [
                (1, "}"),
            ];

            private readonly Func<int, int> _f = x => { return x; };

            public string Name { get; init; } = "}";

            public One() : this(1) { }

            // } not a brace
            [Theory]
            [InlineData("]")]
            public async Task<int> LongAsync(string s = "{", char c = '{')
            {
                #if SOMETHING {
                var text = $"{(s is "}" ? '"' : '{')} {{ {Nested($"{s}")}";
                var raw = """
                    } "" {
                    """;
                var verbatim = @"\" + "\"}";
                int Local() { return 1; }
                return Local(); /* } */
            }

            public static bool operator ==(One<T> l, One<T> r) => l.Equals(r);

            public static bool operator <=(One<T> l, One<T> r)
            {
                return true;
            }

            public int Switched => Name switch
            {
                "a" => 1,
                _ => 2,
            };

            private struct Inner
            {
                public void InInner()
                {
                }
            }

            public abstract void NoBody<U>() where U : struct;

            public void Constrained<U>()
                where U : class
            {
            }
        }

        public enum Kinds { A = 1, B }

        public record Short(int X);
        """";

    private const string Python = """"
        def short(): return 1


        class C:
            def method(self, a,
                       b):
                """Text
        def not_a_function():
                """
                x = [  # (
        1, ")", '''
        ''']

                def inner():
                    pass

                # at the end

            async def other(self):
                return "#\""
        """";

    [Fact]
    public void Members_of_CSharp_are_found_with_their_lengths()
    {
        (string, int)[] expected =
        [
            ("Name", 1), ("One()", 1), ("LongAsync", 11), ("operator ==", 1), ("operator <=", 4), ("Switched", 5), ("InInner", 3), ("Constrained", 4),
        ];
        var found = CSharpMembers.Of(CSharp);
        Assert.Equal(expected.Length, found.Count);
        Assert.All(expected.Zip(found), pair =>
        {
            Assert.Contains(pair.First.Item1, pair.Second.Signature);
            Assert.Equal(pair.First.Item2, pair.Second.Lines);
            Assert.Contains(pair.First.Item1, CSharp.Split('\n')[pair.Second.Line - 1]);
        });
    }

    [Fact]
    public void Functions_of_Python_are_found_with_their_lengths()
    {
        (string, int)[] expected = [("short", 1), ("method", 13), ("inner", 2), ("other", 2)];
        var found = PythonFunctions.Of(Python).ToList();
        Assert.Equal(expected.Length, found.Count);
        Assert.All(expected.Zip(found), pair => Assert.Equal((true, pair.First.Item2), (pair.Second.Signature.Contains(pair.First.Item1), pair.Second.Lines)));
    }
}
