using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;
using Xunit;

namespace Kimura.Tests.Unit.Architecture;

/// <summary>Who may reference whom: the table of the rooms, held against the compiled assemblies and the project files.</summary>
public sealed class ReferenceTests
{
    private const string Engine = "Embedded";

    /// <summary>Each room with what it may reference of ours; a room that is not built yet stands here already.</summary>
    private static readonly Dictionary<string, string[]> MayReference = new()
    {
        ["Durability"] = [],
        ["Cryptography"] = ["Durability"],
        ["Chain"] = ["Cryptography"],
        ["Storage"] = ["Chain", "Durability", Engine],
        ["Libp2p"] = ["Cryptography"],
        ["Interfaces"] = ["Chain", Engine],
        ["Embedded"] = [],
        ["Grains"] = ["Interfaces", "Chain", "Storage", Engine],
        ["Silo"] = ["Cryptography", "Durability", "Chain", "Storage", "Libp2p", "Interfaces", "Grains", "Gateway", Engine],
        ["Gateway"] = ["Interfaces", "Chain", Engine],
        ["Client"] = ["Chain", "Cryptography"],
    };

    /// <summary>Rooms that bind native libraries; everybody else calls managed code only.</summary>
    private static readonly string[] NativeRooms = ["Cryptography", "Durability", "Storage"];

    /// <summary>Rooms that know HTTP.</summary>
    private static readonly string[] WebRooms = ["Gateway", "Silo"];

    public static TheoryData<string> Rooms() =>
        [.. Directory.GetDirectories(Repository.PathOf("src")).Select(path => Path.GetFileName(path)!).Where(HasProject).Where(IsHere).Order(StringComparer.Ordinal)];

    [Fact]
    public void Every_room_stands_in_the_table() =>
        Assert.All(Directory.GetDirectories(Repository.PathOf("src")), path => Assert.Contains(Path.GetFileName(path), MayReference.Keys));

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_room_uses_only_what_the_table_allows(string room)
    {
        var used = Read(room, metadata => metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name)).ToList());
        var ours = used.Where(name => name.StartsWith("Kimura.", StringComparison.Ordinal)).Select(name => name["Kimura.".Length..]);
        Assert.All(ours, name => Assert.Contains(name, MayReference[room]));
        Assert.True(WebRooms.Contains(room) || !used.Exists(name => name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)), $"{room} uses ASP.NET Core");
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_project_file_names_only_what_the_table_allows(string room)
    {
        var project = Project(room);
        var named = project.Descendants("ProjectReference").Select(reference => Path.GetFileName(Path.GetDirectoryName(reference.Attribute("Include")!.Value))!);
        Assert.All(named, name => Assert.Contains(name, MayReference[room]));
        Assert.True(MayReference[room].Contains(Engine) || project.Descendants("UsesEngine").All(uses => uses.Value != "true"), $"{room} uses the engine");
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_rooms_insides_are_open_to_tests_alone(string room)
    {
        var friends = Project(room).Descendants("InternalsVisibleTo").Select(friend => friend.Attribute("Include")!.Value);
        Assert.All(friends, friend => Assert.StartsWith("Kimura.Tests.", friend));
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Native_libraries_are_bound_in_their_rooms_alone(string room)
    {
        var modules = Read(room, metadata => metadata.GetTableRowCount(TableIndex.ModuleRef));
        Assert.True(modules == 0 || NativeRooms.Contains(room), $"{room} binds {modules} native libraries");
    }

    [Fact]
    public void A_reference_that_the_table_does_not_allow_is_seen() =>
        Assert.Contains("Kimura.Cryptography", Read("Chain", metadata => metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name)).ToList()));

    // The embedded engine's room is built, but not used, where the other engine is.
    private static bool IsHere(string room) => room != Engine || typeof(Orleans.IGrain).Assembly.GetName().Name == $"Kimura.{Engine}";

    private static bool HasProject(string room) => File.Exists(Repository.PathOf("src", room, $"Kimura.{room}.csproj"));

    private static XDocument Project(string room) => XDocument.Load(Repository.PathOf("src", room, $"Kimura.{room}.csproj"));

    private static T Read<T>(string room, Func<MetadataReader, T> read)
    {
        using var file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, $"Kimura.{room}.dll"));
        using var assembly = new PEReader(file);
        return read(assembly.GetMetadataReader());
    }
}
