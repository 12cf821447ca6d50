using System.Collections;
using System.Reflection;
using System.Runtime.Loader;
using Kimura.Cryptography;
using Kimura.Cryptography.Native;
using Xunit;

namespace Kimura.Tests.Unit.Cryptography;

public sealed class NativeLibraryTests
{
    private delegate bool KeyCheck(ReadOnlySpan<byte> key);

    [Fact]
    public void Missing_library_is_one_line_that_says_what_to_install()
    {
        NativeLibraryNames names = new("libabsent", "libabsent1", "libabsent-kimura.so.1", "libabsent-kimura.so.2");
        NativeLibraryMissingException missing = Assert.Throws<NativeLibraryMissingException>(() => NativeResolver.Load(names));
        Assert.Equal(
            "libabsent is not installed: run 'apt-get install libabsent1' (Debian, Ubuntu), " +
            "or install libabsent with your system's package manager.",
            missing.Message);
    }

    [Fact]
    public void Other_names_are_tried_until_one_is_there()
    {
        NativeLibraryNames names = new("libc", "libc6", "libabsent-kimura.so.1", "libc.so.6", "libSystem.dylib");
        Assert.NotEqual(0, NativeResolver.Load(names));
    }

    /// <summary>A second copy of the room, whose names for the library are wrong at first.</summary>
    [Fact]
    public void Missing_library_reaches_the_caller_as_itself_every_time_and_an_installed_one_is_found_later()
    {
        AssemblyLoadContext context = new("without libsecp256k1", isCollectible: true);
        try
        {
            Assembly room = context.LoadFromAssemblyPath(typeof(Secp256k1).Assembly.Location);
            Type resolver = room.GetType(typeof(NativeResolver).FullName!, throwOnError: true)!;
            IDictionary known = (IDictionary)resolver.GetField("Known", BindingFlags.Static | BindingFlags.NonPublic)!.GetValue(null)!;
            object right = known[Libsecp256k1.Library]!;
            string[] wrong = ["libabsent-kimura.so"];
            known[Libsecp256k1.Library] = Activator.CreateInstance(right.GetType(), "libsecp256k1", "libsecp256k1-1", wrong);
            KeyCheck check = room.GetType(typeof(Secp256k1).FullName!, throwOnError: true)!
                .GetMethod(nameof(Secp256k1.IsValidPublicKey))!.CreateDelegate<KeyCheck>();

            for (int i = 0; i < 2; i++)
            {
                Exception missing = Assert.ThrowsAny<Exception>(() => check(new byte[Secp256k1.PublicKeySize]));
                Assert.Equal(typeof(NativeLibraryMissingException).FullName, missing.GetType().FullName);
                Assert.StartsWith("libsecp256k1 is not installed: run 'apt-get install libsecp256k1-1'", missing.Message);
            }

            known[Libsecp256k1.Library] = right;
            Assert.False(check(new byte[Secp256k1.PublicKeySize]));
        }
        finally
        {
            context.Unload();
        }
    }
}
