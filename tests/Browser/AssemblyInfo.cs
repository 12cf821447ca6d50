using Xunit;

// One browser, one page at a time: times are measured.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
