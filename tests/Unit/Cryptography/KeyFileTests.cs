using System.Runtime.Versioning;
using System.Text;
using Kimura.Cryptography;
using Kimura.Durability;
using Xunit;

namespace Kimura.Tests.Unit.Cryptography;

[UnsupportedOSPlatform("windows")]
public sealed class KeyFileTests(ITestOutputHelper output) : IDisposable
{
    private const string Digits = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fab";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kimura-keys-");

    private string KeyPath => Path.Combine(_folder.FullName, "node.key");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Created_file_is_digits_and_a_newline_for_the_owner_alone()
    {
        using PrivateKey key = PrivateKey.FromBytes(Convert.FromHexString(Digits));
        KeyFile.Create(KeyPath, key);
        Assert.Equal(Digits + "\n", File.ReadAllText(KeyPath));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyPath));
        Assert.Single(_folder.EnumerateFileSystemInfos());
    }

    [Fact]
    public void Created_file_is_read_back()
    {
        using PrivateKey key = Secp256k1Tests.NewKey(Seeds.New(output));
        KeyFile.Create(KeyPath, key);
        using PrivateKey read = KeyFile.Load(KeyPath);
        Assert.Equal(Secp256k1Tests.PublicKey(key), Secp256k1Tests.PublicKey(read));
    }

    [Fact]
    public void Path_without_a_folder_is_in_the_current_one()
    {
        using PrivateKey key = Secp256k1Tests.NewKey(Seeds.New(output));
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, KeyPath);
        KeyFile.Create(relative, key);
        KeyFile.Load(relative).Dispose();
        Assert.True(File.Exists(KeyPath));
    }

    [Fact]
    public void Existing_file_is_not_overwritten()
    {
        Write("something else");
        using PrivateKey key = Secp256k1Tests.NewKey(Seeds.New(output));
        Assert.Contains("exists already", Refusal(() => KeyFile.Create(KeyPath, key)));
        Assert.Equal("something else", File.ReadAllText(KeyPath));
    }

    [Fact]
    public void Dangling_link_is_not_followed_when_creating()
    {
        string target = Path.Combine(_folder.FullName, "elsewhere");
        File.CreateSymbolicLink(KeyPath, target);
        using PrivateKey key = Secp256k1Tests.NewKey(Seeds.New(output));
        Refusal(() => KeyFile.Create(KeyPath, key));
        Assert.False(File.Exists(target));
    }

    [Fact]
    public void Folder_that_does_not_exist_is_said()
    {
        using PrivateKey key = Secp256k1Tests.NewKey(Seeds.New(output));
        string path = Path.Combine(_folder.FullName, "absent", "node.key");
        KeyFileException refusal = Assert.Throws<KeyFileException>(() => KeyFile.Create(path, key));
        Assert.Contains("cannot be written", refusal.Message);
        Assert.Contains(path, refusal.Message);
    }

    [Theory]
    [InlineData(Digits + "\n")]
    [InlineData(Digits)]
    [InlineData("0x" + Digits + "\n")]
    [InlineData("0X" + Digits)]
    [InlineData("0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1FAB\n")]
    public void Forms_of_the_key_are_accepted(string text)
    {
        Write(text);
        using PrivateKey key = KeyFile.Load(KeyPath);
        byte[] secret = new byte[Secp256k1.PrivateKeySize];
        key.CopySecret(secret);
        Assert.Equal(Digits, Convert.ToHexStringLower(secret));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("0x")]
    [InlineData(Digits + "\n\n")]
    [InlineData(Digits + " \n")]
    [InlineData(" " + Digits)]
    [InlineData("0x0x" + Digits)]
    [InlineData("0x" + Digits + "\n\n")]
    [InlineData(Digits + "00")]
    [InlineData("0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")]
    [InlineData("0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fag\n")]
    [InlineData("-----BEGIN EC PRIVATE KEY-----\nMHQCAQEEIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh+r\n-----END EC PRIVATE KEY-----\n")]
    public void Malformed_file_is_refused(string text)
    {
        Write(text);
        string message = Refusal(() => KeyFile.Load(KeyPath));
        Assert.Contains("malformed", message);
        Assert.DoesNotContain("01020304", message);
    }

    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000\n")]
    [InlineData("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141\n")]
    public void Number_that_is_no_key_is_refused(string text)
    {
        Write(text);
        Assert.Contains("no secp256k1 private key", Refusal(() => KeyFile.Load(KeyPath)));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead, "0640")]
    [InlineData(UnixFileMode.OtherRead, "0604")]
    [InlineData(UnixFileMode.GroupWrite, "0620")]
    [InlineData(UnixFileMode.GroupRead | UnixFileMode.OtherRead, "0644")]
    public void File_open_to_others_is_refused_with_what_to_do(UnixFileMode others, string octal)
    {
        Write(Digits + "\n");
        File.SetUnixFileMode(KeyPath, UnixFileMode.UserRead | UnixFileMode.UserWrite | others);
        string message = Refusal(() => KeyFile.Load(KeyPath));
        Assert.Contains($"chmod 600 {KeyPath}", message);
        Assert.Contains(octal, message);

        File.SetUnixFileMode(KeyPath, UnixFileMode.UserRead);
        KeyFile.Load(KeyPath).Dispose();
    }

    [Fact]
    public void Absent_file_is_said() => Assert.Contains("does not exist", Refusal(() => KeyFile.Load(KeyPath)));

    [Fact]
    public void Folder_in_place_of_a_file_is_said()
    {
        Directory.CreateDirectory(KeyPath);
        Assert.Contains("cannot be read", Refusal(() => KeyFile.Load(KeyPath)));
    }

    [Fact]
    public void Folder_that_cannot_be_synced_is_an_error()
    {
        IOException failure = Assert.Throws<IOException>(() => DirectorySync.Sync(KeyPath));
        Assert.Contains(KeyPath, failure.Message);
    }

    private void Write(string text)
    {
        File.WriteAllBytes(KeyPath, Encoding.ASCII.GetBytes(text));
        File.SetUnixFileMode(KeyPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>One line that names the file.</summary>
    private string Refusal(Action action)
    {
        KeyFileException refusal = Assert.Throws<KeyFileException>(action);
        output.WriteLine(refusal.Message);
        Assert.DoesNotContain('\n', refusal.Message);
        Assert.Contains(KeyPath, refusal.Message);
        return refusal.Message;
    }
}
