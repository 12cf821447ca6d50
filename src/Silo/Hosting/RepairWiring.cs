using Kimura.Chain;
using Kimura.Silo.Configuration;
using Kimura.Silo.Network;
using Kimura.Silo.Repair;
using Microsoft.Extensions.DependencyInjection;

namespace Kimura.Silo.Hosting;

/// <summary>What finds and mends damage while the node runs.</summary>
internal static class RepairWiring
{
    public static void Add(IServiceCollection services, NodeConfiguration configuration, ProducerSchedule producers) => services
        .AddSingleton(producers)
        .AddSingleton<RepairInstruments>()
        .AddSingleton<IChainSource, ConnectedPeers>()
        .AddSingleton(provider => ActivatorUtilities.CreateInstance<ChainMender>(provider, provider.GetRequiredService<BackgroundWork>().Stopping))
        .AddSingleton(provider => ActivatorUtilities.CreateInstance<Scrubber>(provider, configuration.ScrubRate));
}
