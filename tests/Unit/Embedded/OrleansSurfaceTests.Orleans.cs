using Orleans;
using Orleans.Runtime;
using Orleans.Serialization;
using Xunit;

namespace Kimura.Tests.Unit.Embedded;

/// <summary>The list that the embedded engine's surface is held against, held against Orleans itself.</summary>
public sealed class OrleansSurfaceTests
{
    [Fact]
    public void Every_line_of_the_list_holds_in_Orleans()
    {
        Type[] types =
        [
            .. new[] { typeof(IGrain), typeof(Grain), typeof(IClusterClient), typeof(SiloAddress), typeof(ILocalSiloDetails), typeof(Serializer), typeof(GenerateSerializerAttribute) }
                .Select(static type => type.Assembly).Append(typeof(Orleans.Placement.IPlacementFilterDirector).Assembly)
                .Append(typeof(Orleans.Runtime.Hosting.StorageProviderExtensions).Assembly)
                .Append(typeof(Orleans.Runtime.MembershipService.SiloMetadata.ISiloMetadataCache).Assembly)
                .Distinct().SelectMany(static assembly => assembly.GetTypes()),
        ];
        HashSet<string> surface = [.. SurfacePrinter.Lines(types)];
        Assert.DoesNotContain(SurfaceList.Read().Skip(1), line => !surface.Contains(line));
    }
}
