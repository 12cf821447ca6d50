using System.Collections.Immutable;
using Kimura.Embedded.Hosting;
using Kimura.Embedded.Invocation;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Placement;
using Orleans.Runtime;
using Xunit;

namespace Kimura.Tests.Unit.Embedded.Own;

/// <summary>What may cross a grain call, and which classes and interfaces are refused.</summary>
public sealed class SignatureTests
{
    public interface IGood : IGrainWithIntegerKey
    {
        Task PlainAsync(int a, string? b, Guid c, TimeSpan d, DateTimeOffset e, DayOfWeek f, decimal g, CancellationToken cancellation);

        Task<ImmutableArray<Record>> ImmutableAsync(Record a, int? b, ReadOnlyMemory<byte> c, ImmutableDictionary<string, Record> d, (int, string) e);

        ValueTask<IGood> ReferenceAsync(IGood other, GrainId id);

        Task PromisedAsync([Immutable] byte[] bytes);
    }

    public interface IArray : IGrainWithIntegerKey
    {
        Task TakeAsync(byte[] bytes);
    }

    public interface IList : IGrainWithIntegerKey
    {
        Task<IReadOnlyList<int>> GiveAsync();
    }

    public interface INested : IGrainWithIntegerKey
    {
        Task TakeAsync(ImmutableArray<int[]> arrays);
    }

    public interface IUnmarked : IGrainWithIntegerKey
    {
        ValueTask<Unmarked?> GiveAsync();
    }

    public interface IBuilder : IGrainWithIntegerKey
    {
        Task TakeAsync(ImmutableArray<int>.Builder builder);
    }

    public interface ISynchronous : IGrainWithIntegerKey
    {
        int Number();
    }

    public interface IGeneric : IGrainWithIntegerKey
    {
        Task TakeAsync<T>(T value);
    }

    public interface IByReference : IGrainWithIntegerKey
    {
        Task TakeAsync(in int value);
    }

    public interface ITwice : IGrainWithIntegerKey
    {
        Task NothingAsync();
    }

    [Fact]
    public void Immutable_signatures_are_taken() => Assert.Equal(typeof(IGood), InterfacePlan.Of(typeof(IGood)).Type);

    [Theory]
    [InlineData(typeof(IArray), "IArray.TakeAsync", "System.Byte[]")]
    [InlineData(typeof(IList), "IList.GiveAsync", "IReadOnlyList")]
    [InlineData(typeof(INested), "INested.TakeAsync", "System.Int32[]")]
    [InlineData(typeof(IUnmarked), "IUnmarked.GiveAsync", "Unmarked")]
    [InlineData(typeof(IBuilder), "IBuilder.TakeAsync", "Builder")]
    public void A_mutable_type_is_refused_with_interface_method_and_type(Type type, string method, string mutable)
    {
        OrleansException refusal = Assert.Throws<OrleansException>(() => InterfacePlan.Of(type));
        Assert.Contains(method, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(mutable, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(typeof(ISynchronous))]
    [InlineData(typeof(IGeneric))]
    [InlineData(typeof(IByReference))]
    public void A_method_that_cannot_be_a_call_is_refused(Type type) => Assert.Throws<ArgumentException>(() => InterfacePlan.Of(type));

    [Fact]
    public void The_refusal_comes_with_the_first_use_of_the_interface()
    {
        EmbeddedSilo silo = NewSilo(typeof(ArrayGrain), typeof(FirstGrain));
        Assert.Throws<OrleansException>(() => silo.GrainFactory.GetGrain<IArray>(0));
        Assert.NotNull(silo.GrainFactory.GetGrain<ITwice>(0));
    }

    [Fact]
    public void An_interface_with_two_classes_needs_a_class_prefix()
    {
        EmbeddedSilo silo = NewSilo(typeof(FirstGrain), typeof(SecondGrain));
        Assert.Throws<ArgumentException>(() => silo.GrainFactory.GetGrain<ITwice>(0));
        ITwice first = silo.GrainFactory.GetGrain<ITwice>(0, typeof(FirstGrain).FullName);
        Assert.Equal("first/0", first.GetGrainId().ToString());
        Assert.Throws<ArgumentException>(() => silo.GrainFactory.GetGrain<IGood>(0));
    }

    [Theory]
    [InlineData(typeof(string))]
    [InlineData(typeof(AbstractGrain))]
    [InlineData(typeof(FacelessGrain))]
    [InlineData(typeof(TwoConstructorsGrain))]
    [InlineData(typeof(OddStateGrain))]
    [InlineData(typeof(TwoFiltersGrain))]
    public void A_class_that_cannot_be_a_grain_is_refused(Type type) => Assert.Throws<ArgumentException>(() => NewSilo(type));

    [Fact]
    public void Two_classes_with_one_grain_type_are_refused() =>
        Assert.Throws<ArgumentException>(() => NewSilo(typeof(FirstGrain), typeof(Other.FirstGrain)));

    private static EmbeddedSilo NewSilo(params Type[] classes)
    {
        EmbeddedSiloOptions options = new();
        options.GrainClasses.UnionWith(classes);
        EmbeddedClusterOptions shared = new() { Scheduler = TaskScheduler.Default, TimeProvider = new ManualTimeProvider() };
        return new EmbeddedSilo(new EmbeddedCluster(shared), options, new ServiceCollection().BuildServiceProvider());
    }

    [GenerateSerializer, Immutable]
    public sealed record Record([property: Id(0)] int Number);

    public sealed record Unmarked(int Number);

    // Private, so that scanning the assembly for the harness finds classes it can leave aside: nobody calls these.
    private sealed class ArrayGrain : Grain, IArray
    {
        public Task TakeAsync(byte[] bytes) => Task.CompletedTask;
    }

    private sealed class FirstGrain : Grain, ITwice
    {
        public Task NothingAsync() => Task.CompletedTask;
    }

    private sealed class SecondGrain : Grain, ITwice
    {
        public Task NothingAsync() => Task.CompletedTask;
    }

    private abstract class AbstractGrain : Grain, ITwice
    {
        public Task NothingAsync() => Task.CompletedTask;
    }

    private sealed class FacelessGrain : Grain;

    private static class Other
    {
        internal sealed class FirstGrain : Grain, ITwice
        {
            public Task NothingAsync() => Task.CompletedTask;
        }
    }

    private sealed class TwoConstructorsGrain : Grain, ITwice
    {
        public TwoConstructorsGrain()
        {
        }

        public TwoConstructorsGrain(IServiceProvider services)
            : this() => _ = services;

        public Task NothingAsync() => Task.CompletedTask;
    }

    private sealed class OddStateGrain([PersistentState("a", "b")] string state) : Grain, ITwice
    {
        public Task NothingAsync() => Task.FromResult(state);
    }

    private sealed class StrategyA() : PlacementFilterStrategy(1);

    private sealed class StrategyB() : PlacementFilterStrategy(1);

    private sealed class AAttribute() : PlacementFilterAttribute(new StrategyA());

    private sealed class BAttribute() : PlacementFilterAttribute(new StrategyB());

    [A, B]
    private sealed class TwoFiltersGrain : Grain, ITwice
    {
        public Task NothingAsync() => Task.CompletedTask;
    }
}
