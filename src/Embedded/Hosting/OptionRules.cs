namespace Kimura.Embedded.Hosting;

/// <summary>Options are checked once, when a cluster or silo is made.</summary>
internal static class OptionRules
{
    /// <exception cref="ArgumentException">The rule does not hold; the message names the option.</exception>
    internal static void Require(bool holds, string option, string rule)
    {
        if (!holds)
        {
            throw new ArgumentException($"Option {option} must {rule}.", option);
        }
    }
}
