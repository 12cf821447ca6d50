using Kimura.Silo.Configuration;
using Kimura.Storage.Backup;
using Kimura.Storage.KeyValue;
using Microsoft.Extensions.DependencyInjection;

namespace Kimura.Silo.Backups;

/// <summary>What a node on a real disk has for backups: the tool's way to a copy, and where it is asked for the schedule.</summary>
internal static class BackupWiring
{
    public static void Add(IServiceCollection services, NodeConfiguration configuration)
    {
        var options = new BackupOptions(configuration);
        services
            .AddSingleton(options)
            .AddSingleton(provider => new Checkpoints(provider.GetRequiredService<IKeyValueStore>(), options.CheckpointFolder))
            .AddHostedService<CheckpointSocket>();
        if (options.Directory is not null)
        {
            services.AddSingleton<BackupInstruments>().AddHostedService<BackupSchedule>();
        }
    }
}
