using System.Linq.Expressions;
using System.Reflection;
using Orleans.Concurrency;

namespace Kimura.Embedded.Invocation;

/// <summary>How to call one method of a grain interface: made once, so that a call needs no reflection.</summary>
internal abstract class MethodPlan
{
    private readonly Lazy<Func<object, object?[], Task?>> _invoke;

    private protected MethodPlan(MethodInfo method)
    {
        Name = $"{method.DeclaringType!.Name}.{method.Name}";
        AlwaysInterleaves = method.IsDefined(typeof(AlwaysInterleaveAttribute));
        IsReadOnly = method.IsDefined(typeof(ReadOnlyAttribute));
        CancellationIndex = Array.FindIndex(method.GetParameters(), static p => p.ParameterType == typeof(CancellationToken));
        _invoke = new(() => Compile(method));
    }

    internal string Name { get; }

    internal bool AlwaysInterleaves { get; }

    internal bool IsReadOnly { get; }

    /// <summary>Which argument is the cancellation token; -1: none.</summary>
    internal int CancellationIndex { get; }

    /// <summary>Calls the method on the grain object, in one of its turns.</summary>
    internal Func<object, object?[], Task?> Invoke => _invoke.Value;

    /// <summary>Sends a call and gives what the interface's method gives: a task or value task.</summary>
    internal abstract object Call(GrainReferenceProxy reference, object?[] arguments);

    /// <exception cref="Orleans.Runtime.OrleansException">A mutable type crosses the call.</exception>
    /// <exception cref="ArgumentException">The method gives no task, is generic or has parameters by reference.</exception>
    internal static MethodPlan Create(MethodInfo method)
    {
        Type type = method.ReturnType;
        Type? definition = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
        bool isValueTask = type == typeof(ValueTask) || definition == typeof(ValueTask<>);
        bool isTask = type == typeof(Task) || definition == typeof(Task<>);
        if ((!isTask && !isValueTask) || method.IsGenericMethod || method.GetParameters().Any(static p => p.ParameterType.IsByRef))
        {
            throw new ArgumentException(
                $"{method.DeclaringType}.{method.Name} cannot be called: a grain method gives Task, Task<T>, ValueTask or " +
                "ValueTask<T>, is not generic, and takes nothing by reference.",
                nameof(method));
        }

        Type? result = definition is null ? null : type.GetGenericArguments()[0];
        ImmutabilityRule.Check(method, result);
        Type plan = typeof(MethodPlan<>).MakeGenericType(result ?? typeof(NoResult));
        return (MethodPlan)Activator.CreateInstance(plan, method, isValueTask)!;
    }

    // (grain, arguments) => (Task)((TInterface)grain).Method((T0)arguments[0], ...), value tasks as tasks.
    private static Func<object, object?[], Task?> Compile(MethodInfo method)
    {
        ParameterExpression grain = Expression.Parameter(typeof(object));
        ParameterExpression arguments = Expression.Parameter(typeof(object?[]));
        IEnumerable<Expression> unpacked = method.GetParameters().Select((parameter, i) =>
            (Expression)Expression.Convert(Expression.ArrayIndex(arguments, Expression.Constant(i)), parameter.ParameterType));
        Expression call = Expression.Call(Expression.Convert(grain, method.DeclaringType!), method, unpacked);
        if (call.Type.IsValueType)
        {
            call = Expression.Call(call, call.Type.GetMethod(nameof(ValueTask.AsTask))!);
        }

        return Expression.Lambda<Func<object, object?[], Task?>>(call, grain, arguments).Compile();
    }
}

/// <summary>A method with a result of type <typeparamref name="TResult"/>.</summary>
internal sealed class MethodPlan<TResult> : MethodPlan
{
    private readonly bool _givesValueTask;

    /// <summary>For <see cref="MethodPlan.Create"/>.</summary>
    public MethodPlan(MethodInfo method, bool givesValueTask)
        : base(method)
    {
        _givesValueTask = givesValueTask;
    }

    internal override object Call(GrainReferenceProxy reference, object?[] arguments)
    {
        Task<TResult> answer = GrainCall<TResult>.Send(this, reference, arguments);
        if (!_givesValueTask)
        {
            return answer;
        }

        return typeof(TResult) == typeof(NoResult) ? new ValueTask(answer) : new ValueTask<TResult>(answer);
    }
}

/// <summary>The result of a method that gives none.</summary>
internal readonly struct NoResult;
