using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kimura.Cryptography.Native;

/// <summary>The functions of libsodium in use; all return 0 for yes. They need <see cref="Require"/> once before.</summary>
internal static unsafe partial class Libsodium
{
    public const string Library = "libsodium";

    private static bool _ready;

    static Libsodium() => NativeResolver.Use();

    /// <summary>Lets the library choose its code for this processor; safe to call from many threads, and cheap after the first time.</summary>
    /// <exception cref="NativeLibraryMissingException">The library is not on this machine.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Require()
    {
        if (!Volatile.Read(ref _ready))
        {
            Start();
        }
    }

    [LibraryImport(Library, EntryPoint = "crypto_sign_ed25519_seed_keypair")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int SignSeedKeypair(byte* publicKey, SecretHandle secret64, SecretHandle seed32);

    [LibraryImport(Library, EntryPoint = "crypto_sign_ed25519_detached")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int SignDetached(byte* signature64, ulong* signatureLength, byte* message, ulong length, SecretHandle secret64);

    [LibraryImport(Library, EntryPoint = "crypto_sign_ed25519_verify_detached")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int VerifyDetached(byte* signature64, byte* message, ulong length, byte* publicKey32);

    [LibraryImport(Library, EntryPoint = "crypto_scalarmult_curve25519")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int ScalarMult(byte* shared32, SecretHandle secret32, byte* publicKey32);

    [LibraryImport(Library, EntryPoint = "crypto_scalarmult_curve25519_base")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int ScalarMultBase(byte* publicKey32, SecretHandle secret32);

    [LibraryImport(Library, EntryPoint = "sodium_init")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Initialize();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Start()
    {
        if (Initialize() < 0)
        {
            throw new InvalidOperationException("libsodium refuses to start.");
        }

        Volatile.Write(ref _ready, true);
    }
}
