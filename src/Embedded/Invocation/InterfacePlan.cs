using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Reflection;

namespace Kimura.Embedded.Invocation;

/// <summary>The plans of all methods of a grain interface, inherited ones too.</summary>
internal sealed class InterfacePlan
{
    private static readonly ConcurrentDictionary<Type, InterfacePlan> Plans = new();

    private readonly FrozenDictionary<MethodInfo, MethodPlan> _methods;

    private InterfacePlan(Type type)
    {
        Type = type;
        _methods = type.GetInterfaces().Append(type)
            .SelectMany(static i => i.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(static method => method.IsVirtual)
            .ToFrozenDictionary(static method => method, MethodPlan.Create);
    }

    internal Type Type { get; }

    /// <summary>The plan of an interface, made once in a process.</summary>
    /// <exception cref="Orleans.Runtime.OrleansException">A mutable type crosses one of its calls.</exception>
    /// <exception cref="ArgumentException">One of its methods cannot be called.</exception>
    internal static InterfacePlan Of(Type type) => Plans.GetOrAdd(type, static type => new InterfacePlan(type));

    internal MethodPlan this[MethodInfo method] => _methods[method];
}
