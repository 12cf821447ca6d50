using Xunit;

// Two nodes at a time: the tests mostly wait, and a small machine has two cores.
[assembly: CollectionBehavior(CollectionBehavior.CollectionPerClass, MaxParallelThreads = 2)]
