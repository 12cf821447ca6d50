using System.Text.RegularExpressions;

namespace Kimura.Tests.Unit.Architecture;

/// <summary>A method, constructor, operator or property with code: where it begins and how many lines it has.</summary>
internal readonly record struct CSharpMember(int Line, int Lines, string Signature);

/// <summary>
/// Finds the members of types by their braces. A member goes from its first word (attributes and comments do not count) to the
/// brace or semicolon that ends it; what stands in types nested in types is found as well, what stands in methods belongs to them.
/// </summary>
internal static partial class CSharpMembers
{
    public static IReadOnlyList<CSharpMember> Of(string source)
    {
        var text = CSharpText.Blank(source);
        var members = new List<CSharpMember>();
        Collect(text, 0, text.Length, members);
        return members;
    }

    private static void Collect(string text, int from, int to, List<CSharpMember> members)
    {
        for (var start = SkipToWord(text, from, to); start < to; start = SkipToWord(text, start, to))
        {
            var end = EndOfMember(text, start, to, out var brace, out var hasValue);
            var header = text[start..(brace < 0 ? end : brace)];
            if (brace >= 0 && !hasValue && Container().IsMatch(header))
            {
                Collect(text, brace + 1, end - 1, members);
            }
            else if (IsCode(header, brace >= 0))
            {
                members.Add(new CSharpMember(LineOf(text, start), LineOf(text, end - 1) - LineOf(text, start) + 1, header.Trim().Split('\n')[0].TrimEnd()));
            }

            start = end;
        }
    }

    // A field's or constant's value may be a long table; everything else that has braces or an arrow is code.
    private static bool IsCode(string header, bool hasBrace)
    {
        var plain = Operator().Replace(header, "operator");
        var arrow = plain.IndexOf("=>", StringComparison.Ordinal);
        var equals = AssignsAt(plain);
        var isField = equals >= 0 && (arrow < 0 || equals < arrow) && !plain[..equals].Contains('(', StringComparison.Ordinal);
        return !isField && (hasBrace || arrow >= 0);
    }

    private static int AssignsAt(string header)
    {
        var depth = 0;
        for (var i = 0; i < header.Length; i++)
        {
            depth += header[i] is '(' or '[' ? 1 : header[i] is ')' or ']' ? -1 : 0;
            if (depth == 0 && header[i] == '=' && (i + 1 == header.Length || header[i + 1] != '>'))
            {
                return i;
            }
        }

        return -1;
    }

    // The place behind the member. brace is that of its body, or -1; hasValue: an arrow or '=' comes first, so a semicolon ends it.
    private static int EndOfMember(string text, int start, int to, out int brace, out bool hasValue)
    {
        brace = -1;
        hasValue = false;
        var depth = 0;
        for (var i = start; i < to; i++)
        {
            var c = text[i];
            if (c is '(' or '[' or '{')
            {
                brace = c == '{' && depth == 0 && brace < 0 ? i : brace;
                depth++;
            }
            else if (c is ')' or ']' or '}')
            {
                depth--;
                if (c == '}' && depth == 0 && !hasValue && !IsFollowedByValue(text, i + 1, to))
                {
                    return i + 1;
                }
            }
            else if (depth == 0 && c == '=')
            {
                hasValue |= !IsOperatorName(text, start, i);
            }
            else if (depth == 0 && c == ';')
            {
                return i + 1;
            }
        }

        return to;
    }

    // A property with a value: { get; } = value;
    private static bool IsFollowedByValue(string text, int at, int to)
    {
        while (at < to && char.IsWhiteSpace(text[at]))
        {
            at++;
        }

        return at < to && text[at] is '=' or ';';
    }

    private static bool IsOperatorName(string text, int start, int at) => OperatorBefore().IsMatch(text[start..at]);

    // Past white space, stray semicolons and attributes, to a member's first word.
    private static int SkipToWord(string text, int at, int to)
    {
        while (at < to && (char.IsWhiteSpace(text[at]) || text[at] is ';' or '}' or '['))
        {
            if (text[at] != '[')
            {
                at++;
                continue;
            }

            var depth = 0;
            do
            {
                depth += text[at] == '[' ? 1 : text[at] == ']' ? -1 : 0;
                at++;
            }
            while (at < to && depth > 0);
        }

        return at;
    }

    private static int LineOf(string text, int at) => text.AsSpan(0, at).Count('\n') + 1;

    [GeneratedRegex(@"^[^(=]*\b(namespace|class|struct|interface|record|enum)\s", RegexOptions.ExplicitCapture)]
    private static partial Regex Container();

    [GeneratedRegex(@"operator\s*[^\s(\w]+")]
    private static partial Regex Operator();

    [GeneratedRegex(@"operator\s*[=!<>]*$")]
    private static partial Regex OperatorBefore();
}
