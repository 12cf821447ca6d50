using System.Reflection;
using Kimura.Embedded.Activations;
using Orleans;
using Orleans.Runtime;

namespace Kimura.Embedded.Invocation;

/// <summary>A reference to a grain under one of its interfaces, which the framework derives from this class.</summary>
internal class GrainReferenceProxy : DispatchProxy
{
    private InterfacePlan _plan = null!; // set by Create, before anybody sees the reference
    private ICallTarget? _target;

    internal GrainId GrainId { get; private set; }

    internal GrainClass GrainClass { get; private set; } = null!; // set by Create

    internal GrainFactory Factory { get; private set; } = null!; // set by Create

    /// <inheritdoc/>
    public override bool Equals(object? obj) =>
        obj is GrainReferenceProxy other && GrainId == other.GrainId && _plan.Type == other._plan.Type;

    /// <inheritdoc/>
    public override int GetHashCode() => GrainId.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => $"{_plan.Type.Name}({GrainId})";

    internal static object Create(InterfacePlan plan, GrainClass grainClass, GrainId grainId, GrainFactory factory)
    {
        var reference = (GrainReferenceProxy)DispatchProxy.Create(plan.Type, typeof(GrainReferenceProxy));
        reference._plan = plan;
        reference.GrainId = grainId;
        reference.GrainClass = grainClass;
        reference.Factory = factory;
        return reference;
    }

    internal static object Cast(IAddressable grain, Type interfaceType)
    {
        (GrainId id, GrainClass grainClass, GrainFactory factory) = grain switch
        {
            GrainReferenceProxy reference => (reference.GrainId, reference.GrainClass, reference.Factory),
            IGrainBase { GrainContext: Activation activation } => (activation.GrainId, activation.GrainClass, activation.Silo.Client),
            _ => throw new ArgumentException($"{grain.GetType()} is neither a grain nor a grain reference.", nameof(grain)),
        };
        return grainClass.Type.IsAssignableTo(interfaceType)
            ? Create(InterfacePlan.Of(interfaceType), grainClass, id, factory)
            : throw new ArgumentException($"Grain {id} does not implement {interfaceType}.", nameof(interfaceType));
    }

    /// <summary>Delivers a call to the grain's activation, or fails it.</summary>
    internal void Send(GrainInvocation call)
    {
        try
        {
            Factory.ThrowIfClosed();
            ICallTarget? target = Volatile.Read(ref _target);
            while (target is null || !target.TryDeliver(call))
            {
                target = Factory.Cluster.Directory.Resolve(this);
                Volatile.Write(ref _target, target);
            }
        }
        catch (Exception exception)
        {
            call.Fail(exception);
        }
    }

    /// <inheritdoc/>
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => _plan[targetMethod!].Call(this, args!);
}
