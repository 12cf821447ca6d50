using Kimura.Interfaces;
using Orleans;

namespace Kimura.Gateway.Methods;

/// <summary>The two grains that the gateway speaks to; references are made on first use, when the engine is up.</summary>
internal sealed class NodeAccess(IGrainFactory grains)
{
    private readonly Lazy<IIntakeGrain> _intake = new(() => grains.GetGrain<IIntakeGrain>(0), LazyThreadSafetyMode.PublicationOnly);
    private readonly Lazy<IChainReader> _reader = new(() => grains.GetGrain<IChainReader>(0), LazyThreadSafetyMode.PublicationOnly);

    public IIntakeGrain Intake => _intake.Value;

    public IChainReader Reader => _reader.Value;
}
