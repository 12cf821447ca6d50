namespace Kimura.Embedded.Invocation;

/// <summary>Where calls of a grain go: an activation, or a silo's pool of stateless workers.</summary>
internal interface ICallTarget
{
    /// <summary>Takes the invocation over. False: this target has ended, ask the directory for another.</summary>
    bool TryDeliver(GrainInvocation invocation);
}
