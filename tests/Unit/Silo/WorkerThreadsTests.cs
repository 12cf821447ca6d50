using System.Collections.Concurrent;
using Kimura.Silo.Work;
using Xunit;

namespace Kimura.Tests.Unit.Silo;

public sealed class WorkerThreadsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Ranges_cover_everything_exactly_once(int threads)
    {
        using var workers = new WorkerThreads(threads);
        foreach (var count in (int[])[0, 1, 15, 16, 17, 100, 10_001])
        {
            var visits = new int[count];

            await workers.RunAsync(count, (from, to) =>
            {
                Assert.True(from < to);
                for (var i = from; i < to; i++)
                {
                    Interlocked.Increment(ref visits[i]);
                }
            }).WaitAsync(Patience);

            Assert.All(visits, visit => Assert.Equal(1, visit));
        }
    }

    [Fact]
    public async Task Work_of_many_callers_is_kept_apart()
    {
        using var workers = new WorkerThreads(2);

        var sums = await Task.WhenAll(Enumerable.Range(1, 50).Select(async count =>
        {
            var sum = 0;
            await workers.RunAsync(count * 10, (from, to) => Interlocked.Add(ref sum, to - from));
            return sum;
        })).WaitAsync(Patience);

        Assert.Equal(Enumerable.Range(1, 50).Select(count => count * 10), sums);
    }

    [Fact]
    public async Task Ranges_run_side_by_side_on_threads_of_their_own()
    {
        using var workers = new WorkerThreads(2);
        using var both = new Barrier(2);
        var names = new ConcurrentBag<string?>();

        await workers.RunAsync(32, (_, _) =>
        {
            Assert.True(both.SignalAndWait(Patience));
            names.Add(Thread.CurrentThread.Name);
        }).WaitAsync(Patience);

        Assert.Equal(["kimura-worker-0", "kimura-worker-1"], names.Order());
    }

    [Fact]
    public async Task A_failing_range_fails_the_task_after_the_others_have_run()
    {
        using var workers = new WorkerThreads(2);
        var done = 0;

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => workers.RunAsync(160, (from, _) =>
        {
            Interlocked.Increment(ref done);
            if (from == 32)
            {
                throw new InvalidOperationException("range 2");
            }
        }).WaitAsync(Patience));

        Assert.Equal(("range 2", 10), (failure.Message, done));
        await workers.RunAsync(1, (_, _) => { }).WaitAsync(Patience);
    }

    [Fact]
    public async Task Disposal_finishes_what_was_taken_and_takes_no_more()
    {
        var workers = new WorkerThreads(1);
        using var open = new ManualResetEventSlim();
        var done = 0;
        var first = workers.RunAsync(64, (from, to) =>
        {
            Assert.True(open.Wait(Patience));
            Interlocked.Add(ref done, to - from);
        });
        var disposing = Task.Run(workers.Dispose);
        open.Set();

        await disposing.WaitAsync(Patience);
        await first.WaitAsync(Patience);

        Assert.Equal(64, done);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => workers.RunAsync(1, (_, _) => { }));
    }

    [Fact]
    public async Task Continuations_do_not_hold_up_a_worker()
    {
        using var workers = new WorkerThreads(1);
        await workers.RunAsync(1, (_, _) => { }).WaitAsync(Patience);

        Assert.DoesNotContain("kimura-worker", Thread.CurrentThread.Name ?? "", StringComparison.Ordinal);
        await workers.RunAsync(1, (_, _) => { }).WaitAsync(Patience);
    }
}
