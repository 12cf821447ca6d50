using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Kimura.Cryptography.Native;

/// <summary>
/// Secret bytes (32 unless said) outside the managed heap, where no collection leaves copies behind. They are zeroed when the last call that uses them
/// has ended, so disposing cannot pull a key from under a signature.
/// </summary>
internal sealed unsafe class SecretHandle : SafeHandle
{
    private readonly int _size;

    public SecretHandle(int size = Secp256k1.PrivateKeySize)
        : base(0, ownsHandle: true)
    {
        _size = size;
        SetHandle((nint)NativeMemory.AllocZeroed((nuint)size));
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The bytes; only while the handle is held by <see cref="SafeHandle.DangerousAddRef"/>, or known to no one else.</summary>
    public Span<byte> Bytes => new((void*)handle, _size);

    protected override bool ReleaseHandle()
    {
        CryptographicOperations.ZeroMemory(Bytes);
        NativeMemory.Free((void*)handle);
        return true;
    }
}
