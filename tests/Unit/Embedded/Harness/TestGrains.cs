using Kimura.Tests.Unit.Embedded.Grains;
using Orleans;

namespace Kimura.Tests.Unit.Embedded.Harness;

/// <summary>The grain classes that the contract tests use.</summary>
internal static class TestGrains
{
    internal static IReadOnlyList<Type> Classes { get; } =
        [.. typeof(WorkGrain).Assembly.GetTypes().Where(static type =>
            type.Namespace == typeof(WorkGrain).Namespace && type.IsAssignableTo(typeof(Grain)) && !type.IsAbstract)];
}
