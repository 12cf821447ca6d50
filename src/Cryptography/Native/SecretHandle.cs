using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Kimura.Cryptography.Native;

/// <summary>
/// 32 secret bytes outside the managed heap, where no collection leaves copies behind. They are zeroed when the last call that uses them
/// has ended, so disposing cannot pull a key from under a signature.
/// </summary>
internal sealed unsafe class SecretHandle : SafeHandle
{
    public SecretHandle()
        : base(0, ownsHandle: true) => SetHandle((nint)NativeMemory.AllocZeroed(Secp256k1.PrivateKeySize));

    public override bool IsInvalid => handle == 0;

    /// <summary>The bytes; only while the handle is held by <see cref="SafeHandle.DangerousAddRef"/>, or known to no one else.</summary>
    public Span<byte> Bytes => new((void*)handle, Secp256k1.PrivateKeySize);

    protected override bool ReleaseHandle()
    {
        CryptographicOperations.ZeroMemory(Bytes);
        NativeMemory.Free((void*)handle);
        return true;
    }
}
