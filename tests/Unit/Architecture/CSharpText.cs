using System.Text;

namespace Kimura.Tests.Unit.Architecture;

/// <summary>
/// C# text with the insides of comments, strings, characters and preprocessor lines blanked out, so that every brace that is left is
/// one of the language. Line ends stay where they were.
/// </summary>
internal static class CSharpText
{
    public static string Blank(string source)
    {
        var text = new StringBuilder(source.Length);
        var at = 0;
        while (at < source.Length)
        {
            var end = EndOfOpaque(source, at);
            for (; at < end; at++)
            {
                text.Append(source[at] == '\n' ? '\n' : ' ');
            }

            if (at < source.Length && end == EndOfOpaque(source, at))
            {
                text.Append(source[at++]);
            }
        }

        return text.ToString();
    }

    // Where the comment, string, character or preprocessor line that begins here ends; the same place if none does.
    private static int EndOfOpaque(string source, int at)
    {
        if (StartsWith(source, at, "//") || (source[at] == '#' && IsFirstOfLine(source, at)))
        {
            return EndAt(source, source.IndexOf('\n', at), 0);
        }

        if (StartsWith(source, at, "/*"))
        {
            return EndAt(source, source.IndexOf("*/", at + 2, StringComparison.Ordinal), 2);
        }

        if (source[at] == '\'')
        {
            return EndOfQuoted(source, at + 1, '\'');
        }

        var quote = at;
        while (quote < source.Length && source[quote] is '$' or '@')
        {
            quote++;
        }

        return quote < source.Length && source[quote] == '"' ? EndOfString(source, at, quote) : at;
    }

    private static int EndOfString(string source, int at, int quote)
    {
        var prefix = source[at..quote];
        var quotes = 0;
        while (quote + quotes < source.Length && source[quote + quotes] == '"')
        {
            quotes++;
        }

        if (quotes >= 3)
        {
            return EndAt(source, source.IndexOf(new string('"', quotes), quote + quotes, StringComparison.Ordinal), quotes);
        }

        if (prefix.Contains('$'))
        {
            return EndOfInterpolated(source, quote + 1, prefix.Contains('@'));
        }

        return prefix.Contains('@') ? EndOfVerbatim(source, quote + 1) : EndOfQuoted(source, quote + 1, '"');
    }

    private static int EndOfQuoted(string source, int at, char quote)
    {
        while (at < source.Length && source[at] != quote)
        {
            at += source[at] == '\\' ? 2 : 1;
        }

        return Math.Min(at + 1, source.Length);
    }

    private static int EndOfVerbatim(string source, int at)
    {
        while (at < source.Length && (source[at] != '"' || StartsWith(source, at, "\"\"")))
        {
            at += source[at] == '"' ? 2 : 1;
        }

        return Math.Min(at + 1, source.Length);
    }

    // Holes may hold strings of their own.
    private static int EndOfInterpolated(string source, int at, bool verbatim)
    {
        var depth = 0;
        while (at < source.Length)
        {
            if (depth == 0 && (StartsWith(source, at, "{{") || StartsWith(source, at, "}}") || (verbatim ? StartsWith(source, at, "\"\"") : source[at] == '\\')))
            {
                at += 2;
                continue;
            }

            if (depth == 0 && source[at] == '"')
            {
                return at + 1;
            }

            depth += source[at] == '{' ? 1 : source[at] == '}' ? -1 : 0;
            var inner = depth > 0 && source[at] != '{' ? EndOfOpaque(source, at) : at;
            at = Math.Max(inner, at + 1);
        }

        return source.Length;
    }

    private static bool IsFirstOfLine(string source, int at)
    {
        var line = source.LastIndexOf('\n', at) + 1;
        return string.IsNullOrWhiteSpace(source[line..at]);
    }

    private static bool StartsWith(string source, int at, string what) => string.CompareOrdinal(source, at, what, 0, what.Length) == 0;

    private static int EndAt(string source, int found, int length) => found < 0 ? source.Length : found + length;
}
