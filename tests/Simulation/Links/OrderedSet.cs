using System.Collections;

namespace Kimura.Tests.Simulation.Links;

/// <summary>A set that is enumerated in the order of entry, whatever the hash codes are: they differ from run to run.</summary>
internal sealed class OrderedSet<T> : IEnumerable<T>
    where T : notnull
{
    private readonly LinkedList<T> _order = [];
    private readonly Dictionary<T, LinkedListNode<T>> _places = [];

    public int Count => _places.Count;

    public void Add(T item) => _places.Add(item, _order.AddLast(item));

    public void Remove(T item)
    {
        if (_places.Remove(item, out var place))
        {
            _order.Remove(place);
        }
    }

    public IEnumerator<T> GetEnumerator() => _order.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
