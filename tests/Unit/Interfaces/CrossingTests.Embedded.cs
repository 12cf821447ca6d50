using Kimura.Embedded.Invocation;
using Xunit;

namespace Kimura.Tests.Unit.Interfaces;

/// <summary>The embedded engine passes objects on as they are, and takes only what nobody can change.</summary>
public sealed class CrossingTests
{
    [Fact]
    public void Every_grain_interface_is_taken()
    {
        Assert.NotEmpty(GrainCalls.Interfaces);
        Assert.All(GrainCalls.Interfaces, type => Assert.Equal(type, InterfacePlan.Of(type).Type));
    }
}
