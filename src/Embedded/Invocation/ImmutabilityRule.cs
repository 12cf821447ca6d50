using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Reflection;
using Orleans;
using Orleans.Runtime;

namespace Kimura.Embedded.Invocation;

/// <summary>
/// Which types may cross a grain call. Orleans copies what is mutable; this engine passes the object itself, so it takes only what
/// nobody can change.
/// </summary>
internal static class ImmutabilityRule
{
    private static readonly FrozenSet<Type> s_plain = new[]
    {
        typeof(string), typeof(decimal), typeof(Guid), typeof(TimeSpan), typeof(DateTime), typeof(DateTimeOffset), typeof(DateOnly),
        typeof(TimeOnly), typeof(Int128), typeof(UInt128), typeof(CancellationToken), typeof(Version), typeof(Uri),
    }.ToFrozenSet();

    /// <summary>Finds what is mutable in a method's signature.</summary>
    /// <exception cref="OrleansException">Names interface, method and type.</exception>
    internal static void Check(MethodInfo method, Type? resultType)
    {
        foreach (ParameterInfo parameter in method.GetParameters())
        {
            Type? mutable = parameter.IsDefined(typeof(ImmutableAttribute)) ? null : FindMutable(parameter.ParameterType);
            if (mutable is not null)
            {
                throw Refusal(method, mutable, $"its parameter {parameter.Name}");
            }
        }

        if (resultType is not null && FindMutable(resultType) is { } mutableResult)
        {
            throw Refusal(method, mutableResult, "its result");
        }
    }

    private static OrleansException Refusal(MethodInfo method, Type type, string where) =>
        new($"{method.DeclaringType}.{method.Name} cannot be called: {where} has type {type}, which is not known to be immutable. " +
            "Mark the type [Immutable], or use ReadOnlyMemory, ImmutableArray or another immutable type.");

    // The type itself or the argument of it that is not known to be immutable.
    private static Type? FindMutable(Type type)
    {
        if (type.IsPrimitive || type.IsEnum || s_plain.Contains(type) || (type.IsInterface && type.IsAssignableTo(typeof(IAddressable))))
        {
            return null;
        }

        bool isKnown = type.IsDefined(typeof(ImmutableAttribute), inherit: false)
            || (!type.IsNested && (type.Namespace == typeof(ImmutableArray).Namespace || type.Namespace == typeof(FrozenSet).Namespace))
            || (type.IsGenericType && IsImmutableShape(type.GetGenericTypeDefinition()));
        return isKnown && !type.IsByRef
            ? type.GetGenericArguments().Select(FindMutable).FirstOrDefault(static found => found is not null)
            : type;
    }

    private static bool IsImmutableShape(Type definition) =>
        definition == typeof(Nullable<>) || definition == typeof(ReadOnlyMemory<>) || definition == typeof(KeyValuePair<,>)
        || (definition.FullName!.StartsWith("System.ValueTuple`", StringComparison.Ordinal));
}
