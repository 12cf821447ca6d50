namespace Kimura.Tests.Simulation.Engine;

/// <summary>What is to happen, the earliest first, and of two at one time the one that was entered first. A heap of four children each.</summary>
internal sealed class Agenda
{
    private const int Children = 4;

    private Happening[] _heap = new Happening[256];
    private int _count;
    private long _orders;

    public long? NextDue => _count == 0 ? null : _heap[0].Due;

    public void Enter(Happening happening, long due)
    {
        (happening.Due, happening.Order) = (due, _orders++);
        if (_count == _heap.Length)
        {
            Array.Resize(ref _heap, _count * 2);
        }

        Rise(happening, _count++);
    }

    public Happening Take()
    {
        var first = _heap[0];
        Remove(first);
        return first;
    }

    /// <summary>Takes it out, if it stands here.</summary>
    public void Remove(Happening happening)
    {
        var place = happening.Place;
        if (place < 0)
        {
            return;
        }

        happening.Place = -1;
        var last = _heap[--_count];
        _heap[_count] = null!;
        if (ReferenceEquals(last, happening))
        {
            return;
        }

        if (place > 0 && IsBefore(last, _heap[(place - 1) / Children]))
        {
            Rise(last, place);
        }
        else
        {
            Sink(last, place);
        }
    }

    private static bool IsBefore(Happening one, Happening other) => one.Due < other.Due || (one.Due == other.Due && one.Order < other.Order);

    private void Rise(Happening happening, int place)
    {
        while (place > 0 && _heap[(place - 1) / Children] is var above && IsBefore(happening, above))
        {
            Put(above, place);
            place = (place - 1) / Children;
        }

        Put(happening, place);
    }

    private void Sink(Happening happening, int place)
    {
        while ((place * Children) + 1 is var first && first < _count)
        {
            var least = first;
            for (var child = first + 1; child < Math.Min(first + Children, _count); child++)
            {
                least = IsBefore(_heap[child], _heap[least]) ? child : least;
            }

            if (!IsBefore(_heap[least], happening))
            {
                break;
            }

            Put(_heap[least], place);
            place = least;
        }

        Put(happening, place);
    }

    private void Put(Happening happening, int place) => (_heap[place], happening.Place) = (happening, place);
}
