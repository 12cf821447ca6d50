using Kimura.Embedded.Hosting;
using Kimura.Tests.Unit.Embedded.Grains;
using Kimura.Tests.Unit.Embedded.Harness;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Xunit;

namespace Kimura.Tests.Unit.Embedded.Own;

/// <summary>Bounds and options of the embedded engine.</summary>
public sealed class LimitTests
{
    [Fact]
    public async Task A_full_mailbox_refuses_calls_and_takes_them_again_when_it_has_room()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync(new ClusterShape { MailboxLimit = 3 });
        IWorkGrain grain = cluster.Client.GetGrain<IWorkGrain>(0);
        Task[] held = [grain.HoldAsync("gate"), grain.HoldAsync("gate"), grain.HoldAsync("gate")];
        LimitExceededException full = await Assert.ThrowsAsync<LimitExceededException>(() => grain.KeyAsync());
        Assert.Contains("MailboxLimit", full.Message, StringComparison.Ordinal);
        cluster.Probe.Open("gate");
        await Task.WhenAll(held);
        Assert.Equal(0, await grain.KeyAsync());
    }

    [Fact]
    public async Task Calls_that_timed_out_make_room_in_the_mailbox()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync(new ClusterShape { MailboxLimit = 3 });
        IWorkGrain grain = cluster.Client.GetGrain<IWorkGrain>(0);
        Task[] held = [grain.HoldAsync("gate"), grain.HoldAsync("gate"), grain.HoldAsync("gate")];
        await cluster.AdvanceAsync(TimeSpan.FromSeconds(32));
        foreach (Task call in held)
        {
            await Assert.ThrowsAsync<TimeoutException>(() => call);
        }

        Task<long> next = grain.KeyAsync();
        cluster.Probe.Open("gate");
        Assert.Equal(0, await next);
    }

    [Fact]
    public async Task A_full_silo_refuses_activations()
    {
        EmbeddedCluster cluster = NewCluster();
        await using ServiceProvider host = NewHost(cluster, static options => options.ActivationLimit = 2);
        EmbeddedSilo silo = host.GetRequiredService<EmbeddedSilo>();
        await silo.StartAsync();
        await silo.GrainFactory.GetGrain<IWorkGrain>(1).KeyAsync();
        await silo.GrainFactory.GetGrain<IWorkGrain>(2).KeyAsync();
        await Assert.ThrowsAsync<LimitExceededException>(() => silo.GrainFactory.GetGrain<IWorkGrain>(3).KeyAsync());
        Assert.Equal(1, await silo.GrainFactory.GetGrain<IWorkGrain>(1).KeyAsync());
        await silo.StopAsync();
    }

    [Fact]
    public async Task A_silo_starts_once_and_under_a_name_of_its_own()
    {
        EmbeddedCluster cluster = NewCluster();
        await using ServiceProvider host = NewHost(cluster, static _ => { });
        await using ServiceProvider twin = NewHost(cluster, static _ => { });
        EmbeddedSilo silo = host.GetRequiredService<EmbeddedSilo>();
        await Assert.ThrowsAsync<SiloUnavailableException>(() => silo.GrainFactory.GetGrain<IWorkGrain>(1).KeyAsync());
        await silo.StartAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => silo.StartAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(() => twin.GetRequiredService<EmbeddedSilo>().StartAsync());
        await silo.StopAsync();
        await silo.StopAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => silo.StartAsync());
    }

    [Fact]
    public async Task The_cluster_says_where_a_grain_is_active()
    {
        EmbeddedCluster cluster = NewCluster();
        await using ServiceProvider host = NewHost(cluster, static _ => { });
        EmbeddedSilo silo = host.GetRequiredService<EmbeddedSilo>();
        await silo.StartAsync();
        IWorkGrain grain = silo.GrainFactory.GetGrain<IWorkGrain>(1);
        Assert.Null(cluster.WhereIs(grain));
        await grain.KeyAsync();
        Assert.Equal("Silo_0", cluster.WhereIs(grain));
        ILocalSiloDetails details = host.GetRequiredService<ILocalSiloDetails>();
        Assert.Equal(("Silo_0", "embedded", silo.Address), (details.Name, details.ClusterId, details.SiloAddress));
        Assert.Same(host.GetRequiredService<IGrainFactory>(), host.GetRequiredService<IClusterClient>());
        silo.Kill();
        Assert.Null(cluster.WhereIs(grain));
    }

    [Theory]
    [InlineData(nameof(EmbeddedSiloOptions.Name))]
    [InlineData(nameof(EmbeddedSiloOptions.CollectionAge))]
    [InlineData(nameof(EmbeddedSiloOptions.DeactivationTimeout))]
    [InlineData(nameof(EmbeddedSiloOptions.MailboxLimit))]
    [InlineData(nameof(EmbeddedSiloOptions.ActivationLimit))]
    [InlineData(nameof(EmbeddedSiloOptions.DefaultStatelessWorkers))]
    [InlineData(nameof(EmbeddedSiloOptions.TurnsPerSlice))]
    public void An_option_out_of_range_is_refused_by_name(string option)
    {
        EmbeddedSiloOptions options = new();
        System.Reflection.PropertyInfo property = typeof(EmbeddedSiloOptions).GetProperty(option)!;
        object bad = property.PropertyType == typeof(string) ? "" : Activator.CreateInstance(property.PropertyType)!;
        property.SetValue(options, bad);
        ServiceProvider services = new ServiceCollection().BuildServiceProvider();
        ArgumentException refusal = Assert.Throws<ArgumentException>(() => new EmbeddedSilo(NewCluster(), options, services));
        Assert.Equal(option, refusal.ParamName);
    }

    [Fact]
    public void Scanning_an_assembly_finds_its_grain_classes()
    {
        EmbeddedSiloOptions options = new EmbeddedSiloOptions().AddGrains(typeof(WorkGrain).Assembly);
        Assert.Superset(TestGrains.Classes.ToHashSet(), options.GrainClasses);
        Assert.DoesNotContain(typeof(HoldGrain), options.GrainClasses);
        Assert.DoesNotContain(typeof(IWorkGrain), options.GrainClasses);
    }

    private static EmbeddedCluster NewCluster() =>
        new(new EmbeddedClusterOptions { Scheduler = TaskScheduler.Default, TimeProvider = new ManualTimeProvider() });

    private static ServiceProvider NewHost(EmbeddedCluster cluster, Action<EmbeddedSiloOptions> configure) => new ServiceCollection()
        .AddSingleton(new Probe())
        .AddEmbeddedSilo(cluster, options =>
        {
            options.GrainClasses.UnionWith(TestGrains.Classes);
            configure(options);
        })
        .BuildServiceProvider();
}
