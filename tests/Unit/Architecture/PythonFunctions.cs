namespace Kimura.Tests.Unit.Architecture;

/// <summary>
/// Finds Python's functions by indentation: one goes from its <c>def</c> to the last line before the next statement that is not
/// indented deeper. Lines that begin inside a string or a bracket belong to the statement they go on.
/// </summary>
internal static class PythonFunctions
{
    public static IEnumerable<(int Line, int Lines, string Signature)> Of(string source)
    {
        var lines = source.Split('\n');
        var goesOn = ContinuationLines(source, lines.Length);
        for (var i = 0; i < lines.Length; i++)
        {
            var text = lines[i].TrimStart();
            if (goesOn[i] || !(text.StartsWith("def ", StringComparison.Ordinal) || text.StartsWith("async def ", StringComparison.Ordinal)))
            {
                continue;
            }

            var indent = lines[i].Length - text.Length;
            int last = i, next = i + 1;
            for (; next < lines.Length && (goesOn[next] || IsInside(lines[next], indent)); next++)
            {
                last = goesOn[next] || !string.IsNullOrWhiteSpace(lines[next]) ? next : last;
            }

            yield return (i + 1, last - i + 1, text);
        }
    }

    private static bool IsInside(string line, int indent) =>
        string.IsNullOrWhiteSpace(line) || line.Length - line.TrimStart().Length > indent;

    private static bool[] ContinuationLines(string source, int count)
    {
        var goesOn = new bool[count];
        int line = 0, depth = 0;
        string? quote = null;
        for (var i = 0; i < source.Length; i++)
        {
            if (source[i] == '\n')
            {
                quote = quote?.Length == 1 ? null : quote;
                goesOn[++line] = quote is not null || depth > 0;
            }
            else if (quote is not null)
            {
                i += source[i] == '\\' && source[i + 1] != '\n' ? 1 : 0;
                if (string.CompareOrdinal(source, i, quote, 0, quote.Length) == 0)
                {
                    i += quote.Length - 1;
                    quote = null;
                }
            }
            else if (source[i] is '"' or '\'')
            {
                var triple = new string(source[i], 3);
                quote = string.CompareOrdinal(source, i, triple, 0, 3) == 0 ? triple : triple[..1];
                i += quote.Length - 1;
            }
            else if (source[i] == '#')
            {
                i = source.IndexOf('\n', i) - 1;
            }
            else
            {
                depth += source[i] is '(' or '[' or '{' ? 1 : source[i] is ')' or ']' or '}' ? -1 : 0;
            }
        }

        return goesOn;
    }
}
