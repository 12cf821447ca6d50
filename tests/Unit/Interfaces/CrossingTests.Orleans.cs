using Kimura.Interfaces;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Orleans.Serialization.Cloning;
using Orleans.Serialization.Serializers;
using Xunit;

namespace Kimura.Tests.Unit.Interfaces;

/// <summary>
/// Orleans serializes what crosses a grain call between silos, and says nothing at compile time where it cannot: one such type disables its
/// whole interface.
/// </summary>
public sealed class CrossingTests
{
    private static readonly ServiceProvider Services = new ServiceCollection()
        .AddSerializer(builder => builder.AddAssembly(typeof(IChainReader).Assembly)).BuildServiceProvider();

    public static TheoryData<Type> Types() => GrainCalls.Rows();

    [Theory]
    [MemberData(nameof(Types))]
    public void Every_type_has_a_codec_and_comes_back_as_it_went(Type type)
    {
        Assert.NotNull(Services.GetRequiredService<ICodecProvider>().GetCodec(type));
        var serializer = Services.GetRequiredService<Serializer>();
        for (var seed = 0; seed < 8; seed++)
        {
            var value = GrainCalls.Sample(type, seed);
            Assert.Equal(GrainCalls.Describe(value), GrainCalls.Describe(serializer.Deserialize<object?>(serializer.SerializeToArray<object?>(value))));
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Every_type_can_be_handed_on_within_a_silo(Type type)
    {
        Assert.NotNull(Services.GetRequiredService<IDeepCopierProvider>().GetDeepCopier(type));
        var value = GrainCalls.Sample(type, 5);
        Assert.Equal(GrainCalls.Describe(value), GrainCalls.Describe(Services.GetRequiredService<DeepCopier>().Copy(value)));
    }
}
