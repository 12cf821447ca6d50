using System.Reflection;
using Kimura.Embedded.Storage;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Kimura.Embedded.Activations;

/// <summary>Constructs grains of one class: services from the container, states from their storage providers.</summary>
internal sealed class GrainActivator
{
    private readonly ConstructorInfo _constructor;
    private readonly Func<Activation, IServiceProvider, List<IPersistentStateBridge>, object?>[] _arguments;

    internal GrainActivator(Type grainClass)
    {
        ConstructorInfo[] constructors = grainClass.GetConstructors();
        if (constructors.Length != 1)
        {
            throw new ArgumentException(
                $"Grain class {grainClass} needs exactly one public constructor and has {constructors.Length}.", nameof(grainClass));
        }

        _constructor = constructors[0];
        _arguments = [.. _constructor.GetParameters().Select(Source)];
    }

    internal IGrainBase Create(Activation activation, IServiceProvider services, List<IPersistentStateBridge> states)
    {
        object?[] arguments = [.. _arguments.Select(source => source(activation, services, states))];
        return (IGrainBase)_constructor.Invoke(BindingFlags.DoNotWrapExceptions, null, arguments, null);
    }

    private static Func<Activation, IServiceProvider, List<IPersistentStateBridge>, object?> Source(ParameterInfo parameter)
    {
        Type type = parameter.ParameterType;
        if (parameter.GetCustomAttribute<PersistentStateAttribute>() is { } facet)
        {
            return StateSource(parameter, facet);
        }

        if (type == typeof(IGrainContext))
        {
            return static (activation, _, _) => activation;
        }

        if (parameter.GetCustomAttribute<FromKeyedServicesAttribute>() is { Key: { } key })
        {
            return (_, services, _) => services.GetRequiredKeyedService(type, key);
        }

        return parameter.HasDefaultValue
            ? (_, services, _) => services.GetService(type) ?? parameter.DefaultValue
            : (_, services, _) => services.GetRequiredService(type);
    }

    private static Func<Activation, IServiceProvider, List<IPersistentStateBridge>, object?> StateSource(
        ParameterInfo parameter, PersistentStateAttribute facet)
    {
        Type type = parameter.ParameterType;
        if (!type.IsGenericType || type.GetGenericTypeDefinition() != typeof(IPersistentState<>))
        {
            throw new ArgumentException(
                $"Parameter {parameter.Name} of {parameter.Member.DeclaringType} has [PersistentState] and is no IPersistentState<T>.",
                nameof(parameter));
        }

        ConstructorInvoker bridge = ConstructorInvoker.Create(
            typeof(PersistentStateBridge<>).MakeGenericType(type.GetGenericArguments()).GetConstructors()[0]);
        return (activation, services, states) =>
        {
            IGrainStorage storage = (string.IsNullOrWhiteSpace(facet.StorageName)
                ? services.GetService<IGrainStorage>()
                : services.GetKeyedService<IGrainStorage>(facet.StorageName))
                ?? throw new OrleansException(
                    $"No storage provider named \"{facet.StorageName}\" is registered for grain {activation.GrainId}.");
            var state = (IPersistentStateBridge)bridge.Invoke(storage, facet.StateName, activation.GrainId);
            states.Add(state);
            return state;
        };
    }
}
