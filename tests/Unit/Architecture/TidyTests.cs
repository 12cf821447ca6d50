using System.Text.RegularExpressions;
using Xunit;

namespace Kimura.Tests.Unit.Architecture;

/// <summary>The habits of the house that a machine can check, over the whole repository.</summary>
public sealed partial class TidyTests
{
    private const int MaxFileLines = 300;
    private const int MaxMethodLines = 70;
    private const int MaxPythonFunctionLines = 80;

    private static IEnumerable<SourceFile> CSharp => SourceFiles.With(".cs");

    [Fact]
    public void The_repositorys_files_are_found()
    {
        Assert.Contains(SourceFiles.All, file => file.Path == "src/Chain/Hash32.cs");
        Assert.Contains(SourceFiles.All, file => file.Path == "kimura.py");
        Assert.Contains(SourceFiles.All, file => file.Path == ".editorconfig");
        Assert.DoesNotContain(SourceFiles.All, file => file.Path.Contains("/obj/", StringComparison.Ordinal));
    }

    [Fact]
    public void CSharp_files_are_short() =>
        NoneOf(CSharp, file => file.Lines.Length - 1 > MaxFileLines ? [$"{file.Lines.Length - 1} lines, at most {MaxFileLines}"] : []);

    [Fact]
    public void CSharp_methods_are_short() =>
        NoneOf(CSharp, file => CSharpMembers.Of(file.Text)
            .Where(member => member.Lines > MaxMethodLines)
            .Select(member => $"line {member.Line}: {member.Lines} lines, at most {MaxMethodLines}: {member.Signature}"));

    [Fact]
    public void Python_functions_are_short() =>
        NoneOf(SourceFiles.With(".py"), file => PythonFunctions.Of(file.Text)
            .Where(function => function.Lines > MaxPythonFunctionLines)
            .Select(function => $"line {function.Line}: {function.Lines} lines, at most {MaxPythonFunctionLines}: {function.Signature}"));

    [Fact]
    public void Nothing_is_put_off_in_a_comment() => NoneOf(SourceFiles.All, file => LinesWith(file, PutOff()));

    [Fact]
    public void Nothing_in_src_is_left_unimplemented() =>
        NoneOf(CSharp.Where(IsSource), file => LinesWith(file, NotImplemented()));

    [Fact]
    public void Every_suppression_says_why() =>
        NoneOf(CSharp, file => LinesWith(file, SilentSuppression()));

    [Fact]
    public void Every_rule_that_is_switched_off_for_all_says_why() =>
        NoneOf(SourceFiles.All.Where(file => file.Path.EndsWith(".editorconfig", StringComparison.Ordinal)), SwitchedOffInSilence);

    [Fact]
    public void Every_warning_that_a_project_file_switches_off_says_why() =>
        NoneOf(ProjectFiles, file => file.Lines.Select((line, i) => (line, i))
            .Where(at => at.line.Contains("<NoWarn>", StringComparison.Ordinal) && !file.Lines[at.i - 1].Contains("-->", StringComparison.Ordinal))
            .Select(at => $"line {at.i + 1}: no comment above {at.line.Trim()}"));

    [Fact]
    public void No_file_knows_the_machine_it_was_written_on() => NoneOf(SourceFiles.All, file => LinesWith(file, MachinePath()));

    [Fact]
    public void No_line_ends_in_white_space() => NoneOf(SourceFiles.All.Where(IsWrittenByHand), file => LinesWith(file, TrailingSpace()));

    [Fact]
    public void Every_file_ends_with_one_line_end() =>
        NoneOf(SourceFiles.All.Where(IsWrittenByHand), file => file.Text.Length == 0 || OneLineEnd().IsMatch(file.Text) ? [] : ["does not end with one line end"]);

    [Fact]
    public void Namespaces_are_the_folders() =>
        NoneOf(CSharp.Where(file => !file.Path.StartsWith("src/Embedded/", StringComparison.Ordinal)), file =>
        {
            var named = NamespaceLine().Match(file.Text);
            return !named.Success || named.Groups["name"].Value == NamespaceOf(file.Path) ? [] : [$"namespace {named.Groups["name"].Value}, the folder is {NamespaceOf(file.Path)}"];
        });

    [Fact]
    public void The_embedded_engines_namespaces_are_its_folders_or_Orleans() =>
        NoneOf(CSharp.Where(file => file.Path.StartsWith("src/Embedded/", StringComparison.Ordinal)), file =>
        {
            var named = NamespaceLine().Match(file.Text).Groups["name"].Value;
            return named.StartsWith("Orleans", StringComparison.Ordinal) || named == NamespaceOf(file.Path) || named.Length == 0 ? [] : [$"namespace {named}"];
        });

    [Fact]
    public void Links_between_documents_lead_somewhere() =>
        NoneOf(SourceFiles.With(".md"), file => MarkdownLink().Matches(file.Text)
            .Select(link => link.Groups["target"].Value)
            .Where(target => !Uri.TryCreate(target, UriKind.Absolute, out _) && !target.StartsWith('#'))
            .Where(target => !PathExists(file, target))
            .Select(target => $"a link to {target}, which is not there"));

    private static IEnumerable<SourceFile> ProjectFiles =>
        SourceFiles.With(".csproj").Concat(SourceFiles.With(".props")).Concat(SourceFiles.With(".targets"));

    private static bool IsSource(SourceFile file) => file.Path.StartsWith("src/", StringComparison.Ordinal);

    // Lock files and the solution are written by the SDK.
    private static bool IsWrittenByHand(SourceFile file) =>
        !file.Path.EndsWith("packages.lock.json", StringComparison.Ordinal) && !file.Path.EndsWith(".sln", StringComparison.Ordinal);

    private static void NoneOf(IEnumerable<SourceFile> files, Func<SourceFile, IEnumerable<string>> faults)
    {
        var found = files.SelectMany(file => faults(file).Select(fault => $"{file.Path}: {fault}")).ToList();
        Assert.True(found.Count == 0, string.Join('\n', found));
    }

    private static IEnumerable<string> LinesWith(SourceFile file, Regex fault) =>
        file.Lines.Select((line, i) => (line, i)).Where(at => fault.IsMatch(at.line)).Select(at => $"line {at.i + 1}: {at.line.Trim()}");

    // A comment stands above each group of rules that are off.
    private static IEnumerable<string> SwitchedOffInSilence(SourceFile file)
    {
        var explained = false;
        for (var i = 0; i < file.Lines.Length; i++)
        {
            var isRule = RuleOff().IsMatch(file.Lines[i]);
            explained = file.Lines[i].StartsWith('#') || (explained && isRule);
            if (isRule && !explained)
            {
                yield return $"line {i + 1}: no reason above {file.Lines[i]}";
            }
        }
    }

    private static string NamespaceOf(string path)
    {
        var folders = path.Split('/')[..^1];
        string[] rest = folders[0] switch
        {
            "src" => folders[1..],
            "tests" => ["Tests", .. folders[1..]],
            "benchmarks" => ["Benchmarks", .. folders[1..]],
            "samples" => ["Samples", .. folders[1..]],
            _ => folders,
        };
        return string.Join('.', rest.Prepend("Kimura"));
    }

    private static bool PathExists(SourceFile file, string target)
    {
        var path = Uri.UnescapeDataString(target.Split('#')[0]);
        var from = Path.GetDirectoryName(Repository.PathOf(file.Path))!;
        var full = Path.GetFullPath(Path.Combine(from, path));
        return File.Exists(full) || Directory.Exists(full);
    }

    // The words are taken apart here, or this file would be the first to hold them.
    [GeneratedRegex(@"\b(TO" + @"DO|FIX" + @"ME|HA" + @"CK|XX" + @"X)\b", RegexOptions.ExplicitCapture)]
    private static partial Regex PutOff();

    [GeneratedRegex(@"\bNotImplemented" + "Exception", RegexOptions.ExplicitCapture)]
    private static partial Regex NotImplemented();

    [GeneratedRegex(@"^\s*#pragma\s+warning\s+disable(?!.*//\s*\w+)|SuppressMessage\((?!.*Justification = ""\w)", RegexOptions.ExplicitCapture)]
    private static partial Regex SilentSuppression();

    [GeneratedRegex(@"(?<![\w.~-])/(work|root)/", RegexOptions.ExplicitCapture)]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"[ \t\r]$", RegexOptions.ExplicitCapture)]
    private static partial Regex TrailingSpace();

    [GeneratedRegex(@"\S\n\z", RegexOptions.ExplicitCapture)]
    private static partial Regex OneLineEnd();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"^dotnet_diagnostic\.\w+\.severity\s*=\s*none", RegexOptions.ExplicitCapture)]
    private static partial Regex RuleOff();

    [GeneratedRegex(@"\]\(<?(?<target>[^)>\s]+)>?(\s+""[^""]*"")?\)", RegexOptions.ExplicitCapture)]
    private static partial Regex MarkdownLink();
}
