using Kimura.Embedded.Activations;

namespace Kimura.Embedded.Hosting;

/// <summary>The grain classes of a cluster.</summary>
internal sealed class GrainCatalog
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Type, GrainClass> _classes = [];
    private readonly Dictionary<Type, List<GrainClass>> _byInterface = [];

    /// <exception cref="ArgumentException">The class cannot be a grain, or another class has the same grain type.</exception>
    internal GrainClass Add(Type type)
    {
        lock (_gate)
        {
            if (_classes.TryGetValue(type, out GrainClass? known))
            {
                return known;
            }

            GrainClass grainClass = new(type);
            if (_classes.Values.FirstOrDefault(other => other.GrainType == grainClass.GrainType) is { } twin)
            {
                throw new ArgumentException(
                    $"Grain classes {type} and {twin} have the same grain type \"{grainClass.GrainType}\".", nameof(type));
            }

            _classes.Add(type, grainClass);
            foreach (Type grainInterface in grainClass.Interfaces)
            {
                if (!_byInterface.TryGetValue(grainInterface, out List<GrainClass>? classes))
                {
                    _byInterface.Add(grainInterface, classes = []);
                }

                classes.Add(grainClass);
            }

            return grainClass;
        }
    }

    /// <exception cref="ArgumentException">No class, or more than one, implements the interface.</exception>
    internal GrainClass ClassOf(Type interfaceType, string? prefix)
    {
        lock (_gate)
        {
            GrainClass[] found = !_byInterface.TryGetValue(interfaceType, out List<GrainClass>? classes)
                ? []
                : [.. classes.Where(c => prefix is null || c.Type.FullName!.StartsWith(prefix, StringComparison.Ordinal))];
            return found.Length switch
            {
                1 => found[0],
                0 => throw new ArgumentException($"Could not find an implementation for interface {interfaceType}.", nameof(interfaceType)),
                _ => throw new ArgumentException(
                    $"More than one class implements {interfaceType}: {string.Join(", ", found.Select(static c => c.Type))}.",
                    nameof(interfaceType)),
            };
        }
    }
}
