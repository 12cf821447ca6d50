using System.Runtime.InteropServices;

namespace Kimura.Cryptography.Native;

/// <summary>
/// The functions of libsecp256k1 in use, as its header (include/secp256k1.h) declares them; they are the same in all released versions.
/// All return 1 for yes. An argument of the wrong form (a null, an all-zero key object) aborts the process: callers check first.
/// </summary>
internal static unsafe partial class Libsecp256k1
{
    public const string Library = "libsecp256k1";

    /// <summary>For signing and verifying; versions from 0.2 on ignore the difference.</summary>
    public const uint ContextSignAndVerify = 0x301;

    /// <summary>The compressed form in serializing.</summary>
    public const uint Compressed = 0x102;

    /// <summary>Bytes of the library's own form of a public key, and of a signature.</summary>
    public const int ObjectSize = 64;

    static Libsecp256k1() => NativeResolver.Use();

    [LibraryImport(Library, EntryPoint = "secp256k1_context_create")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial nint ContextCreate(uint flags);

    [LibraryImport(Library, EntryPoint = "secp256k1_context_randomize")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int ContextRandomize(nint context, byte* seed32);

    [LibraryImport(Library, EntryPoint = "secp256k1_ec_pubkey_parse")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int PublicKeyParse(nint context, byte* publicKey, byte* input, nuint length);

    [LibraryImport(Library, EntryPoint = "secp256k1_ec_pubkey_serialize")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int PublicKeySerialize(nint context, byte* output, nuint* length, byte* publicKey, uint flags);

    [LibraryImport(Library, EntryPoint = "secp256k1_ec_pubkey_create")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int PublicKeyCreate(nint context, byte* publicKey, SecretHandle secret);

    [LibraryImport(Library, EntryPoint = "secp256k1_ec_seckey_verify")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int SecretKeyVerify(nint context, SecretHandle secret);

    [LibraryImport(Library, EntryPoint = "secp256k1_ecdsa_signature_parse_compact")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int SignatureParseCompact(nint context, byte* signature, byte* input64);

    [LibraryImport(Library, EntryPoint = "secp256k1_ecdsa_signature_serialize_compact")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int SignatureSerializeCompact(nint context, byte* output64, byte* signature);

    [LibraryImport(Library, EntryPoint = "secp256k1_ecdsa_signature_parse_der")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int SignatureParseDer(nint context, byte* signature, byte* input, nuint length);

    [LibraryImport(Library, EntryPoint = "secp256k1_ecdsa_signature_serialize_der")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int SignatureSerializeDer(nint context, byte* output, nuint* length, byte* signature);

    [LibraryImport(Library, EntryPoint = "secp256k1_ecdsa_signature_normalize")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int SignatureNormalize(nint context, byte* output, byte* input);

    [LibraryImport(Library, EntryPoint = "secp256k1_ecdsa_sign")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Sign(nint context, byte* signature, byte* digest32, SecretHandle secret, nint nonceFunction, nint nonceData);

    [LibraryImport(Library, EntryPoint = "secp256k1_ecdsa_verify")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Verify(nint context, byte* signature, byte* digest32, byte* publicKey);
}
