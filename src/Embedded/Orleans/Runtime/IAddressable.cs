namespace Orleans.Runtime;

/// <summary>Something that can be called: a grain or a reference to one.</summary>
public interface IAddressable
{
}
