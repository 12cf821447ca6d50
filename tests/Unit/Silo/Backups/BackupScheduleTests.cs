using System.Diagnostics.Metrics;
using Kimura.Silo.Backups;
using Kimura.Silo.Configuration;
using Kimura.Storage.Backup;
using Kimura.Tests.Unit.Storage.Backup;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Kimura.Tests.Unit.Silo.Backups;

/// <summary>When a node makes backups by itself, under a clock that the test moves.</summary>
public sealed class BackupScheduleTests
{
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);

    [Fact]
    public async Task The_first_is_made_at_once_and_then_one_each_day()
    {
        await using var node = await BackupFixture.CreateAsync();
        using var schedule = new Running(node);
        await schedule.StartAsync();

        for (var day = 1; day <= 4; day++)
        {
            Assert.Equal(Day, await schedule.NextWaitAsync());
            Assert.Equal(Math.Min(day, 3), node.List().Count);
            node.Clock.Advance(Day);
        }

        await schedule.StopAsync();
        Assert.Empty(node.Verify());
    }

    [Fact]
    public async Task After_a_restart_it_waits_for_what_is_left_of_the_day()
    {
        await using var node = await BackupFixture.CreateAsync();
        await node.BackUpAgainAsync();
        node.Clock.Advance(TimeSpan.FromHours(20));
        using var schedule = new Running(node);
        await schedule.StartAsync();

        Assert.Equal(TimeSpan.FromHours(4), await schedule.NextWaitAsync());
        node.Clock.Advance(TimeSpan.FromHours(4));
        Assert.Equal(Day, await schedule.NextWaitAsync());
        Assert.Equal(2, node.List().Count);
        await schedule.StopAsync();
    }

    [Fact]
    public async Task A_backup_from_the_future_holds_it_up_for_a_day_at_most()
    {
        await using var node = await BackupFixture.CreateAsync();
        await node.BackUpAgainAsync();
        using var schedule = new Running(node, new ManualTimeProvider(DateTimeOffset.UnixEpoch));
        await schedule.StartAsync();

        Assert.Equal(Day, await schedule.NextWaitAsync());
        await schedule.StopAsync();
    }

    [Fact]
    public async Task What_fails_is_counted_and_tried_again_after_ten_minutes()
    {
        await using var node = await BackupFixture.CreateAsync();
        using var schedule = new Running(node);
        using (BackupDirectory.OpenToWrite(node.Backups))
        {
            await schedule.StartAsync();
            for (var i = 1; i <= 2; i++)
            {
                Assert.Equal(TimeSpan.FromMinutes(10), await schedule.NextWaitAsync());
                Assert.Equal(i, schedule.Failures);
                if (i < 2)
                {
                    node.Clock.Advance(TimeSpan.FromMinutes(10));
                }
            }
        }

        node.Clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(Day, await schedule.NextWaitAsync());
        Assert.Single(node.List());
        await schedule.StopAsync();
    }

    [Fact]
    public async Task While_the_tool_has_the_copy_it_waits_for_its_turn()
    {
        await using var node = await BackupFixture.CreateAsync();
        using var schedule = new Running(node);
        using (await schedule.Checkpoints.TryTakeAsync())
        {
            await schedule.StartAsync();
            Assert.Equal(TimeSpan.FromMinutes(10), await schedule.NextWaitAsync());
        }

        node.Clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(Day, await schedule.NextWaitAsync());
        Assert.Single(node.List());
        await schedule.StopAsync();
    }

    private sealed class Running : IDisposable
    {
        private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        private readonly MeterListener _listener = new();
        private readonly ManualTimeProvider _clock;
        private readonly BackupSchedule _schedule;
        private DateTimeOffset? _last;
        private long _failures;

        public Running(BackupFixture node, ManualTimeProvider? clock = null)
        {
            _clock = clock ?? node.Clock;
            Checkpoints = new Checkpoints(node.Ledger.Store, node.PathOf("copies"));
            var meters = _services.GetRequiredService<IMeterFactory>();
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "kimura.backup.failed" && ReferenceEquals(instrument.Meter.Scope, meters))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref _failures, value));
            _listener.Start();
            var options = new BackupOptions(new NodeConfiguration { DbPath = node.PathOf("data"), BackupDirectory = node.Backups, BackupKeep = 3 });
            _schedule = new BackupSchedule(options, Checkpoints, new BackupInstruments(meters), _clock, NullLogger<BackupSchedule>.Instance);
        }

        public Checkpoints Checkpoints { get; }

        public long Failures => Interlocked.Read(ref _failures);

        public Task StartAsync() => _schedule.StartAsync(CancellationToken.None);

        public Task StopAsync() => _schedule.StopAsync(CancellationToken.None);

        /// <summary>Waits until the schedule waits again, and gives for how long.</summary>
        public async Task<TimeSpan> NextWaitAsync()
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
            while (_clock.NextDue is not { } due || due == _last || due <= _clock.GetUtcNow())
            {
                await poll.WaitForNextTickAsync(limit.Token);
            }

            _last = _clock.NextDue;
            return _last.Value - _clock.GetUtcNow();
        }

        public void Dispose()
        {
            _schedule.Dispose();
            Checkpoints.Dispose();
            _listener.Dispose();
            _services.Dispose();
        }
    }
}
