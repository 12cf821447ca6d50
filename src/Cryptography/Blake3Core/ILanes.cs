namespace Kimura.Cryptography.Blake3Core;

/// <summary>A vector of words, one for each of several inputs: what <see cref="ManyInputs{TLanes}"/> needs of one width.</summary>
/// <typeparam name="TSelf">A struct over one hardware vector.</typeparam>
internal interface ILanes<TSelf>
    where TSelf : unmanaged, ILanes<TSelf>
{
    /// <summary>How many words.</summary>
    static abstract int Count { get; }

    /// <summary>One word for all.</summary>
    static abstract TSelf Repeat(uint word);

    static abstract TSelf operator +(TSelf left, TSelf right);

    static abstract TSelf operator ^(TSelf left, TSelf right);

    static abstract TSelf RotateRight16(TSelf value);

    static abstract TSelf RotateRight12(TSelf value);

    static abstract TSelf RotateRight8(TSelf value);

    static abstract TSelf RotateRight7(TSelf value);

    /// <summary>
    /// Reads <see cref="Count"/> words at each of as many places, <paramref name="stride"/> bytes apart, and writes them turned: the
    /// first words of all, then the second words, and so on.
    /// </summary>
    static abstract void Turn(ref byte input, int stride, ref TSelf output);
}
