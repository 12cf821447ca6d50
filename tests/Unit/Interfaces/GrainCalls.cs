using System.Collections;
using System.Collections.Immutable;
using System.Reflection;
using System.Text;
using Kimura.Interfaces;
using Orleans;
using Xunit;

namespace Kimura.Tests.Unit.Interfaces;

/// <summary>The types that cross grain calls, found by walking all grain interfaces, with values of each.</summary>
internal static class GrainCalls
{
    /// <summary>Every grain interface of the contract.</summary>
    public static IReadOnlyList<Type> Interfaces { get; } =
        [.. typeof(IChainReader).Assembly.GetTypes().Where(type => type.IsInterface && typeof(IGrain).IsAssignableFrom(type)).OrderBy(type => type.Name, StringComparer.Ordinal)];

    /// <summary>Every parameter and result type, each once.</summary>
    public static IReadOnlyList<Type> Types { get; } =
        [.. Interfaces.SelectMany(type => type.GetMethods())
            .SelectMany(method => method.GetParameters().Select(parameter => parameter.ParameterType).Append(ResultOf(method.ReturnType)))
            .Where(type => type != typeof(void)).Distinct().OrderBy(type => type.ToString(), StringComparer.Ordinal)];

    public static TheoryData<Type> Rows() => [.. Types];

    /// <summary>A value with something in every member; another for each seed.</summary>
    public static object? Sample(Type type, int seed)
    {
        if (Nullable.GetUnderlyingType(type) is { } inner)
        {
            return seed % 2 == 0 ? null : Sample(inner, seed);
        }

        return type switch
        {
            _ when type == typeof(bool) => seed % 2 == 1,
            _ when type == typeof(int) => seed - 3,
            _ when type == typeof(ulong) => ulong.MaxValue - (ulong)seed,
            _ when type == typeof(string) => $"text {seed} ü",
            _ when type == typeof(ReadOnlyMemory<byte>) => new ReadOnlyMemory<byte>(Encoding.UTF8.GetBytes(new string('x', seed))),
            { IsEnum: true } => Enum.GetValues(type).GetValue(seed % Enum.GetValues(type).Length),
            { IsGenericType: true } when type.GetGenericTypeDefinition() == typeof(ImmutableArray<>) => Array(type.GetGenericArguments()[0], seed),
            _ => Record(type, seed),
        };
    }

    /// <summary>A value as text, all the way down: two values with one text are equal.</summary>
    public static string Describe(object? value) => value switch
    {
        null => "null",
        ReadOnlyMemory<byte> bytes => Convert.ToHexString(bytes.Span),
        string or bool or int or ulong or Enum => $"{value}",
        IEnumerable items => $"[{string.Join(", ", items.Cast<object?>().Select(Describe))}]",
        _ => $"{value.GetType().Name}({string.Join(", ", MembersOf(value.GetType()).Select(member => $"{member.Name}: {Describe(member.GetValue(value))}"))})",
    };

    private static Type ResultOf(Type task) => task.IsGenericType ? task.GetGenericArguments()[0] : typeof(void);

    private static object Array(Type item, int seed)
    {
        var items = System.Array.CreateInstance(item, seed % 4);
        for (var i = 0; i < items.Length; i++)
        {
            items.SetValue(Sample(item, seed + i + 1), i);
        }

        return typeof(ImmutableArray).GetMethods().Single(method =>
                method.Name == nameof(ImmutableArray.Create) && method.GetParameters() is [{ ParameterType.IsSZArray: true }])
            .MakeGenericMethod(item).Invoke(null, [items])!;
    }

    private static object Record(Type type, int seed)
    {
        var constructor = type.GetConstructors().Where(one => one.GetParameters() is not [{ } only] || only.ParameterType != type)
            .MaxBy(one => one.GetParameters().Length)!;
        var record = constructor.Invoke([.. constructor.GetParameters().Select((parameter, i) => Sample(parameter.ParameterType, seed + i))]);
        foreach (var (member, i) in MembersOf(type).Select((member, i) => (member, i)))
        {
            member.SetValue(record, Sample(member.PropertyType, seed + i));
        }

        return record;
    }

    private static IEnumerable<PropertyInfo> MembersOf(Type type) =>
        type.GetProperties(BindingFlags.Instance | BindingFlags.Public).Where(member => member.SetMethod is not null);
}
