using System.Reflection;
using Orleans.Runtime;

namespace Kimura.Embedded.Invocation;

internal class GrainReferenceProxy : DispatchProxy
{
    internal GrainId GrainId { get; }

    internal static object Cast(IAddressable grain, Type interfaceType) => throw new NotSupportedException($"{grain} {interfaceType}");

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => throw new NotSupportedException();
}
