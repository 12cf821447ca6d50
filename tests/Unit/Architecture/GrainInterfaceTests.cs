using System.Collections.Immutable;
using System.Reflection;
using System.Text;
using Kimura.Interfaces;
using Kimura.Tests.Unit.Chain.Golden;
using Orleans;
using Xunit;

namespace Kimura.Tests.Unit.Architecture;

/// <summary>What crosses a grain call is immutable and marked for serialization; the signatures are frozen in a committed file.</summary>
public sealed class GrainInterfaceTests
{
    private static readonly HashSet<Type> PlainValues =
        [typeof(bool), typeof(int), typeof(uint), typeof(long), typeof(ulong), typeof(string), typeof(ReadOnlyMemory<byte>)];

    private static readonly Type[] Grains =
        [.. typeof(IChainReader).Assembly.GetTypes().Where(type => type.IsInterface && typeof(IGrain).IsAssignableFrom(type)).OrderBy(type => type.Name, StringComparer.Ordinal)];

    private static readonly Type[] Crossing = [.. Grains.SelectMany(MethodsOf).SelectMany(TypesOf).SelectMany(Reached).Distinct().OrderBy(type => type.Name, StringComparer.Ordinal)];

    public static TheoryData<Type> GrainTypes() => [.. Grains];

    public static TheoryData<Type> CrossingRecords() => [.. Crossing.Where(type => !type.IsEnum)];

    [Fact]
    public void Signatures_are_as_committed()
    {
        var text = new StringBuilder("# Grain signatures. Changing one is a change of the public contract.\n");
        foreach (var grain in Grains)
        {
            text.Append($"\n{Alias(grain)} = {grain.Name} : {string.Join(", ", grain.GetInterfaces().Where(one => one != typeof(IGrain)).Select(one => one.Name).Order(StringComparer.Ordinal))}\n");
            foreach (var method in MethodsOf(grain))
            {
                var parameters = method.GetParameters().Select(parameter => $"{NameOf(parameter.ParameterType)} {parameter.Name}");
                text.Append($"  {Marks(method)}{Alias(method)} = {NameOf(method.ReturnType)} {method.Name}({string.Join(", ", parameters)})\n");
            }
        }

        foreach (var type in Crossing)
        {
            text.Append($"\n{(type.IsEnum ? "enum" : Alias(type))} = {type.Name}\n");
            text.AppendJoin("", type.IsEnum
                ? Enum.GetValues(type).Cast<object>().Select(value => $"  {Convert.ToInt64(value)} = {value}\n")
                : MembersOf(type).OrderBy(IdOf).Select(member => $"  {IdOf(member)} = {NameOf(member.PropertyType)} {member.Name}\n"));
        }

        GoldenFile.Check("grain_interfaces.txt", text.ToString());
    }

    [Theory]
    [MemberData(nameof(GrainTypes))]
    public void A_grain_and_its_methods_have_aliases_of_their_own(Type grain)
    {
        Assert.True(grain.IsPublic);
        Assert.StartsWith("kimura.", Alias(grain));
        var methods = MethodsOf(grain).ToList();
        Assert.NotEmpty(methods);
        Assert.Equal(methods.Count, methods.Select(method => Alias(method)).Distinct().Count());
        Assert.All(methods, method => Assert.True(typeof(Task).IsAssignableFrom(method.ReturnType), $"{method.Name} does not return a task"));
        Assert.All(methods.SelectMany(TypesOf), RequireMayCross);
    }

    [Theory]
    [MemberData(nameof(CrossingRecords))]
    public void What_crosses_a_call_is_immutable_and_marked(Type type)
    {
        Assert.True(type.IsPublic && type.Assembly == typeof(IChainReader).Assembly, $"{type} is not a part of the contract");
        Assert.NotNull(type.GetCustomAttribute<GenerateSerializerAttribute>());
        Assert.NotNull(type.GetCustomAttribute<ImmutableAttribute>());
        Assert.StartsWith("kimura.", Alias(type));
        Assert.True(type.IsSealed, $"{type.Name} is not sealed");
        var members = MembersOf(type).ToList();
        Assert.Equal(Enumerable.Range(0, members.Count), members.Select(member => (int)IdOf(member)).Order());
        Assert.All(members, member => Assert.True(IsInitOnly(member), $"{type.Name}.{member.Name} can be set"));
        Assert.All(members.Select(member => member.PropertyType), RequireMayCross);
        var fields = type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
        Assert.Equal(members.Count, fields.Length);
    }

    [Fact]
    public void Aliases_are_used_once()
    {
        var aliases = Grains.Concat(Crossing.Where(type => !type.IsEnum)).Select(Alias).ToList();
        Assert.Equal(aliases.Count, aliases.Distinct().Count());
    }

    [Fact]
    public void Every_enum_begins_with_what_was_not_decided() =>
        Assert.All(Crossing.Where(type => type.IsEnum), type => Assert.Equal("Unspecified", Enum.GetName(type, 0)));

    private static IEnumerable<MethodInfo> MethodsOf(Type grain) => grain.GetMethods().OrderBy(method => method.Name, StringComparer.Ordinal);

    private static IEnumerable<Type> TypesOf(MethodInfo method) =>
        method.GetParameters().Select(parameter => parameter.ParameterType).Append(method.ReturnType).Select(Unwrapped).Where(type => type != typeof(void));

    private static Type Unwrapped(Type type)
    {
        if (type == typeof(Task) || type == typeof(ValueTask))
        {
            return typeof(void);
        }

        Type[] wrappers = [typeof(Task<>), typeof(ValueTask<>), typeof(Nullable<>), typeof(ImmutableArray<>)];
        return type.IsGenericType && wrappers.Contains(type.GetGenericTypeDefinition()) ? Unwrapped(type.GetGenericArguments()[0]) : type;
    }

    private static IEnumerable<Type> Reached(Type type) => type.Assembly != typeof(IChainReader).Assembly
        ? []
        : MembersOf(type).Select(member => Unwrapped(member.PropertyType)).Where(member => member != type).SelectMany(Reached).Prepend(type);

    private static void RequireMayCross(Type type)
    {
        var plain = Unwrapped(type);
        Assert.True(PlainValues.Contains(plain) || plain.Assembly == typeof(IChainReader).Assembly, $"{plain} may not cross a grain call");
    }

    // A property without a field is computed, and nothing that crosses.
    private static IEnumerable<PropertyInfo> MembersOf(Type type) => type.IsEnum
        ? []
        : type.GetProperties(BindingFlags.Instance | BindingFlags.Public)
            .Where(member => type.GetField($"<{member.Name}>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic) is not null);

    private static uint IdOf(PropertyInfo member) =>
        member.GetCustomAttribute<IdAttribute>()?.Id ?? throw new InvalidOperationException($"{member.DeclaringType!.Name}.{member.Name} has no [Id]");

    private static string Alias(MemberInfo member) =>
        member.GetCustomAttribute<AliasAttribute>()?.Alias ?? throw new InvalidOperationException($"{member.Name} has no [Alias]");

    private static bool IsInitOnly(PropertyInfo member) => member.SetMethod is null
        || member.SetMethod.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(System.Runtime.CompilerServices.IsExternalInit));

    private static string Marks(MethodInfo method) => string.Concat(method.GetCustomAttributes()
        .Where(mark => mark is not AliasAttribute && mark.GetType().Namespace!.StartsWith("Orleans", StringComparison.Ordinal))
        .Select(mark => $"[{mark.GetType().Name.Replace("Attribute", "")}] ")
        .Order(StringComparer.Ordinal));

    private static string NameOf(Type type) => type.IsGenericType
        ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>"
        : type.Name;
}
