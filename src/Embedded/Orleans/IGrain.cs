using Orleans.Runtime;

namespace Orleans;

/// <summary>The root of all grain interfaces. Declare grains on <see cref="IGrainWithIntegerKey"/> or <see cref="IGrainWithStringKey"/>.</summary>
public interface IGrain : IAddressable
{
}

/// <summary>A grain whose key is a 64-bit integer.</summary>
public interface IGrainWithIntegerKey : IGrain
{
}

/// <summary>A grain whose key is a string.</summary>
public interface IGrainWithStringKey : IGrain
{
}
