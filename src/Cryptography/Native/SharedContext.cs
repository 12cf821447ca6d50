using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Kimura.Cryptography.Native;

/// <summary>
/// The process's one libsecp256k1 context: blinded against side channels by a random seed when it is made, only read afterwards, and so
/// safe to share among threads. It lives as long as the process.
/// </summary>
internal static unsafe class SharedContext
{
    private static readonly Lock Gate = new();
    private static nint _context;

    /// <summary>The context, made on first use.</summary>
    /// <exception cref="NativeLibraryMissingException">The library is not on this machine.</exception>
    public static nint Value
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            nint context = Volatile.Read(ref _context);
            return context != 0 ? context : Make();
        }
    }

    /// <summary>Not in a static constructor: what is thrown here must reach the caller as it is.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint Make()
    {
        lock (Gate)
        {
            if (_context == 0)
            {
                nint context = Libsecp256k1.ContextCreate(Libsecp256k1.ContextSignAndVerify);
                Span<byte> seed = stackalloc byte[32];
                RandomNumberGenerator.Fill(seed);
                fixed (byte* bytes = seed)
                {
                    if (Libsecp256k1.ContextRandomize(context, bytes) != 1)
                    {
                        throw new InvalidOperationException("libsecp256k1 refuses to randomize its context.");
                    }
                }

                CryptographicOperations.ZeroMemory(seed);
                Volatile.Write(ref _context, context);
            }

            return _context;
        }
    }
}
