using System.Reflection;

namespace Kimura.Tests.Unit.Embedded;

/// <summary>
/// Writes the public surface of types as lines, one a fact: a type and its kind, what it inherits, where an attribute may stand, and each
/// public or protected member with its parameters' names. A line holds for another assembly too, or it does not.
/// </summary>
internal static class SurfacePrinter
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    internal static IEnumerable<string> Lines(IEnumerable<Type> types) =>
        types.Where(static type => type.IsVisible).SelectMany(TypeLines).Distinct().Order(StringComparer.Ordinal);

    internal static string Name(Type type)
    {
        if (type.IsGenericParameter)
        {
            return type.Name;
        }

        if (type.IsArray)
        {
            return $"{Name(type.GetElementType()!)}[]";
        }

        string name = (type.FullName ?? $"{type.Namespace}.{type.Name}").Split('[')[0].Split('`')[0].Replace('+', '.');
        return type.IsGenericType ? $"{name}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>" : name;
    }

    private static IEnumerable<string> TypeLines(Type type)
    {
        string name = Name(type);
        yield return $"{name}: {Kind(type)}";
        foreach (Type parent in type.GetInterfaces().Append(type.BaseType).OfType<Type>().Where(IsOrleans))
        {
            yield return $"{name} is {Name(parent)}";
        }

        if (type.CustomAttributes.FirstOrDefault(static a => a.AttributeType.Name == nameof(AttributeUsageAttribute)) is { } usage)
        {
            string more = string.Concat(usage.NamedArguments
                .OrderBy(static named => named.MemberName, StringComparer.Ordinal)
                .Select(static named => $", {named.MemberName} {named.TypedValue.Value}"));
            yield return $"{name} on {(AttributeTargets)(int)usage.ConstructorArguments[0].Value!}{more}";
        }

        foreach (string line in type.IsEnum ? EnumLines(type) : type.GetMembers(Declared).Select(MemberLine).OfType<string>())
        {
            yield return $"{name}.{line}";
        }
    }

    private static string Kind(Type type)
    {
        string modifier = (type.IsAbstract, type.IsSealed) switch
        {
            _ when !type.IsClass => "",
            (true, true) => "static ",
            (true, false) => "abstract ",
            (false, true) => "sealed ",
            _ => "",
        };
        return modifier + (type.IsInterface ? "interface" : type.IsEnum ? "enum" : type.IsValueType ? "struct" : "class");
    }

    private static IEnumerable<string> EnumLines(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(static field => $"{field.Name} = {field.GetRawConstantValue()}");

    // Null: not public, not ours, or what every type has.
    private static string? MemberLine(MemberInfo member) => member switch
    {
        ConstructorInfo constructor when IsOpen(constructor) => $"{Access(constructor)}new({Parameters(constructor)})",
        MethodInfo { IsSpecialName: false } method when IsOpen(method) && !IsOfEveryType(method) =>
            $"{Access(method)}{method.Name}{Generics(method)}({Parameters(method)}): {Name(method.ReturnType)}",
        PropertyInfo property when property.GetMethod is { } getter && IsOpen(getter) =>
            $"{Access(getter)}{property.Name}: {Name(property.PropertyType)}",
        PropertyInfo => null,
        FieldInfo { IsPublic: true } field => $"{field.Name}: {Name(field.FieldType)}",
        _ => null,
    } is { } line ? line + Setter(member) : null;

    private static string Setter(MemberInfo member) => member is PropertyInfo { SetMethod: { } setter } && IsOpen(setter) ? " { get; set; }" : "";

    private static bool IsOpen(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsOfEveryType(MethodInfo method) =>
        method.Name is "ToString" or "GetHashCode" or "Equals" or "PrintMembers" or "GetObjectData"
        || method.Name.Contains('<', StringComparison.Ordinal);

    private static bool IsOrleans(Type type) => type.Namespace!.StartsWith("Orleans", StringComparison.Ordinal);

    private static string Access(MethodBase method) =>
        (method.IsPublic ? "" : "protected ")
        + (method.IsStatic ? "static " : method is { IsVirtual: true, IsFinal: false, DeclaringType.IsInterface: false } ? "virtual " : "");

    private static string Generics(MethodInfo method) =>
        method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(static g => g.Name + Constraints(g)))}>" : "";

    private static string Constraints(Type parameter) =>
        string.Concat(parameter.GetGenericParameterConstraints().Where(IsOrleans).Select(static type => $" is {Name(type)}"));

    private static string Parameters(MethodBase method) =>
        string.Join(", ", method.GetParameters().Select(static p => $"{Name(p.ParameterType)} {p.Name}{Default(p)}"));

    private static string Default(ParameterInfo parameter) => parameter.HasDefaultValue ? $" = {parameter.RawDefaultValue ?? "default"}" : "";
}
