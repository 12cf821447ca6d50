/*
 * Preloaded into a process, writes down what that process does to the files below one directory: every write, truncation, creation, renaming,
 * linking and removal, and every sync with its begin and its end. After the process was killed, the journal says what a disk may have lost had
 * the power gone at that moment (PowerCutDisk.cs rebuilds the directory from it).
 *
 *   POWERCUT_DIRECTORY  the directory: absolute, no symbolic link in it, no slash at its end
 *   POWERCUT_JOURNAL    the journal, outside of it; appended to
 *   POWERCUT_STOP_AT    N: the process is killed behind the N-th entry
 *   POWERCUT_SYNC_MS    milliseconds that every sync takes: a slow disk
 *
 * Syncs are not passed on to the system: the journal alone decides what is on the disk. A call that is not understood here ends the process with a
 * message, so that nothing goes by unseen.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind { OPEN_FILE = 1, OPEN_DIRECTORY, WRITE, TRUNCATE, SYNC_BEGIN, SYNC_END, RENAME, LINK, UNLINK, MAKE_DIRECTORY, REMOVE_DIRECTORY };

enum { CREATED = 1, TRUNCATED = 2, DESCRIPTORS = 65536, JOURNAL_DESCRIPTOR = 900 };

struct entry {
    uint32_t size;
    uint32_t kind;
    uint64_t id;
    uint64_t offset;
};

static const char *directory;
static size_t directory_length;
static int journal = -1;
static long entries, stop_at;
static long sync_ms;
static uint64_t opened, synced;
static uint64_t ids[DESCRIPTORS];
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void die(const char *why, const char *what)
{
    dprintf(2, "powercut: %s: %s\n", why, what);
    _exit(99);
}

static void begin(void) { pthread_mutex_lock(&gate); }

static void end(void) { pthread_mutex_unlock(&gate); }

static void note(enum kind kind, uint64_t id, uint64_t offset, const void *data, size_t size)
{
    struct entry head = { (uint32_t)size, kind, id, offset };
    struct iovec parts[2] = { { &head, sizeof head }, { (void *)data, size } };
    if (syscall(SYS_writev, journal, parts, 2) != (long)(sizeof head + size))
        die("the journal cannot be written", strerror(errno));
    if (++entries == stop_at)
        syscall(SYS_kill, getpid(), SIGKILL);
}

/* The path below the directory, or null where it is elsewhere. Two slashes count as one, and a single dot as nothing. */
static const char *below(const char *path, char *buffer)
{
    char whole[PATH_MAX * 2];
    if (!directory || !path)
        return NULL;
    if (path[0] != '/') {
        if (!getcwd(whole, PATH_MAX))
            return NULL;
        strcat(whole, "/");
        strncat(whole, path, PATH_MAX - 1);
        path = whole;
    }
    char *to = buffer;
    for (const char *from = path; *from && to < buffer + PATH_MAX - 1; from++) {
        int begins = to == buffer || to[-1] == '/';
        if (begins && (*from == '/' ? to != buffer : *from == '.' && (from[1] == '/' || !from[1])))
            continue;
        *to++ = *from;
    }
    while (to > buffer && to[-1] == '/')
        to--;
    *to = 0;
    if (strstr(buffer, "/../") && !strncmp(buffer, directory, directory_length))
        die("a path with two dots", path);
    if (strncmp(buffer, directory, directory_length) || (buffer[directory_length] && buffer[directory_length] != '/'))
        return NULL;
    return buffer[directory_length] ? buffer + directory_length + 1 : buffer + directory_length;
}

static const char *below_at(int at, const char *path, char *buffer)
{
    if (at != AT_FDCWD && path && path[0] != '/' && at >= 0 && at < DESCRIPTORS && ids[at])
        die("a path relative to an open directory", path);
    return below(path, buffer);
}

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("POWERCUT_JOURNAL"), *at = getenv("POWERCUT_STOP_AT"), *ms = getenv("POWERCUT_SYNC_MS");
    const char *root = getenv("POWERCUT_DIRECTORY");
    if (!path || !root)
        return;
    int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    journal = file < 0 ? -1 : (int)syscall(SYS_fcntl, file, F_DUPFD_CLOEXEC, JOURNAL_DESCRIPTOR);
    if (journal < 0)
        die("the journal cannot be opened", path);
    syscall(SYS_close, file);
    stop_at = at ? atol(at) : 0;
    sync_ms = ms ? atol(ms) : 0;
    directory_length = strlen(root);
    directory = root;
}

static uint64_t id_of(int file) { return file >= 0 && file < DESCRIPTORS ? ids[file] : 0; }

static int open_at(int at, const char *path, int flags, mode_t mode)
{
    char buffer[PATH_MAX];
    const char *name = below_at(at, path, buffer);
    if (!name) {
        int file = (int)syscall(SYS_openat, at, path, flags, mode);
        if (file >= 0 && file < DESCRIPTORS)
            ids[file] = 0;
        return file;
    }
    begin();
    struct stat before, after;
    int existed = stat(path, &before) == 0;
    int file = (int)syscall(SYS_openat, at, path, flags, mode);
    if (file >= 0) {
        int saved = errno;
        if (file >= DESCRIPTORS || fstat(file, &after))
            die("an open file that cannot be followed", path);
        ids[file] = ++opened;
        uint64_t how = (existed ? 0 : CREATED) | (existed && (flags & O_TRUNC) && before.st_size > 0 ? TRUNCATED : 0);
        note(S_ISDIR(after.st_mode) ? OPEN_DIRECTORY : OPEN_FILE, ids[file], how, name, strlen(name));
        errno = saved;
    }
    end();
    return file;
}

#define MODE_OF(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list rest; \
        va_start(rest, flags); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    }

int open(const char *path, int flags, ...) { MODE_OF(flags) return open_at(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE_OF(flags) return open_at(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE_OF(flags) return open_at(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE_OF(flags) return open_at(at, path, flags, mode); }
int __open_2(const char *path, int flags) { return open_at(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return open_at(AT_FDCWD, path, flags, 0); }
int creat(const char *path, mode_t mode) { return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int close(int file)
{
    if (file == journal)
        return 0;
    if (id_of(file))
        ids[file] = 0;
    return (int)syscall(SYS_close, file);
}

static ssize_t write_at(int file, const struct iovec *parts, int count, off_t offset)
{
    uint64_t id = id_of(file);
    if (!id)
        return offset < 0 ? syscall(SYS_writev, file, parts, count) : syscall(SYS_pwritev, file, parts, count, offset, 0L);
    begin();
    ssize_t written = offset < 0 ? syscall(SYS_writev, file, parts, count) : syscall(SYS_pwritev, file, parts, count, offset, 0L);
    int saved = errno;
    if (written > 0) {
        char *data = malloc((size_t)written), *to = data;
        size_t left = (size_t)written;
        for (int i = 0; i < count && left; i++) {
            size_t part = parts[i].iov_len < left ? parts[i].iov_len : left;
            memcpy(to, parts[i].iov_base, part);
            to += part;
            left -= part;
        }
        /* Where it went: also right for a file that is appended to. */
        off_t start = offset >= 0 ? offset : (off_t)syscall(SYS_lseek, file, 0L, SEEK_CUR) - written;
        note(WRITE, id, (uint64_t)start, data, (size_t)written);
        free(data);
    }
    errno = saved;
    end();
    return written;
}

ssize_t write(int file, const void *data, size_t size)
{
    if (!id_of(file))
        return syscall(SYS_write, file, data, size);
    struct iovec part = { (void *)data, size };
    return write_at(file, &part, 1, -1);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset)
{
    if (!id_of(file))
        return syscall(SYS_pwrite64, file, data, size, offset);
    struct iovec part = { (void *)data, size };
    return write_at(file, &part, 1, offset);
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset) { return pwrite(file, data, size, offset); }
ssize_t writev(int file, const struct iovec *parts, int count) { return write_at(file, parts, count, -1); }
ssize_t pwritev(int file, const struct iovec *parts, int count, off_t offset) { return write_at(file, parts, count, offset); }
ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t offset) { return write_at(file, parts, count, offset); }

static int resize(int file, off_t length, int only_longer)
{
    struct stat now;
    begin();
    int result = fstat(file, &now) || (only_longer && now.st_size >= length) ? 0 : (int)syscall(SYS_ftruncate, file, length);
    int saved = errno;
    if (!result && !(only_longer && now.st_size >= length))
        note(TRUNCATE, id_of(file), (uint64_t)length, NULL, 0);
    errno = saved;
    end();
    return result;
}

int ftruncate(int file, off_t length) { return id_of(file) ? resize(file, length, 0) : (int)syscall(SYS_ftruncate, file, length); }
int ftruncate64(int file, off64_t length) { return ftruncate(file, length); }

/* Space alone is no promise; a length is. */
int fallocate(int file, int mode, off_t offset, off_t length)
{
    if (!id_of(file))
        return (int)syscall(SYS_fallocate, file, mode, offset, length);
    if (mode & ~FALLOC_FL_KEEP_SIZE)
        die("fallocate", "a mode that is not followed");
    return mode ? 0 : resize(file, offset + length, 1);
}

int fallocate64(int file, int mode, off64_t offset, off64_t length) { return fallocate(file, mode, offset, length); }
int posix_fallocate(int file, off_t offset, off_t length) { return fallocate(file, 0, offset, length) ? errno : 0; }
int posix_fallocate64(int file, off64_t offset, off64_t length) { return posix_fallocate(file, offset, length); }

static int sync_file(int file)
{
    uint64_t id = id_of(file);
    if (!id)
        return (int)syscall(SYS_fsync, file);
    begin();
    uint64_t number = ++synced;
    note(SYNC_BEGIN, id, number, NULL, 0);
    end();
    if (sync_ms) {
        struct timespec pause = { sync_ms / 1000, sync_ms % 1000 * 1000000L };
        while (nanosleep(&pause, &pause) && errno == EINTR)
            ;
    }
    begin();
    note(SYNC_END, id, number, NULL, 0);
    end();
    return 0;
}

int fsync(int file) { return sync_file(file); }
int fdatasync(int file) { return sync_file(file); }

static int two_paths(enum kind kind, int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
    char first[PATH_MAX], second[PATH_MAX], both[PATH_MAX * 2];
    const char *source = below_at(from_at, from, first), *target = below_at(to_at, to, second);
    if (!source != !target)
        die("a name that comes into the directory or leaves it", from);
    if (source)
        begin();
    int result = (int)(kind == RENAME ? syscall(SYS_renameat2, from_at, from, to_at, to, flags) : syscall(SYS_linkat, from_at, from, to_at, to, flags));
    if (source) {
        int saved = errno;
        size_t length = strlen(source);
        memcpy(both, source, length + 1);
        strcpy(both + length + 1, target);
        if (!result)
            note(kind, 0, 0, both, length + 1 + strlen(target));
        errno = saved;
        end();
    }
    return result;
}

int rename(const char *from, const char *to) { return two_paths(RENAME, AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int from_at, const char *from, int to_at, const char *to) { return two_paths(RENAME, from_at, from, to_at, to, 0); }
int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) { return two_paths(RENAME, from_at, from, to_at, to, flags); }
int link(const char *from, const char *to) { return two_paths(LINK, AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int from_at, const char *from, int to_at, const char *to, int flags) { return two_paths(LINK, from_at, from, to_at, to, (unsigned)flags); }

static int one_path(enum kind kind, int at, const char *path, int flags, mode_t mode)
{
    char buffer[PATH_MAX];
    const char *name = below_at(at, path, buffer);
    if (name)
        begin();
    int result = (int)(kind == MAKE_DIRECTORY ? syscall(SYS_mkdirat, at, path, mode) : syscall(SYS_unlinkat, at, path, flags));
    if (name) {
        int saved = errno;
        if (!result)
            note(kind, 0, 0, name, strlen(name));
        errno = saved;
        end();
    }
    return result;
}

int unlink(const char *path) { return one_path(UNLINK, AT_FDCWD, path, 0, 0); }
int unlinkat(int at, const char *path, int flags) { return one_path(flags & AT_REMOVEDIR ? REMOVE_DIRECTORY : UNLINK, at, path, flags, 0); }
int rmdir(const char *path) { return one_path(REMOVE_DIRECTORY, AT_FDCWD, path, AT_REMOVEDIR, 0); }
int mkdir(const char *path, mode_t mode) { return one_path(MAKE_DIRECTORY, AT_FDCWD, path, 0, mode); }
int mkdirat(int at, const char *path, mode_t mode) { return one_path(MAKE_DIRECTORY, at, path, 0, mode); }

static void refuse(const char *path, const char *call)
{
    char buffer[PATH_MAX];
    if (below(path, buffer))
        die(call, path);
}

int truncate(const char *path, off_t length) { refuse(path, "truncate"); return (int)syscall(SYS_truncate, path, length); }
int truncate64(const char *path, off64_t length) { return truncate(path, length); }

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t size, unsigned flags)
{
    if (id_of(to))
        die("copy_file_range", "is not followed");
    return syscall(SYS_copy_file_range, from, from_at, to, to_at, size, flags);
}

/* Whoever looks a function up in the C library itself, as .NET does for its native calls, gets ours, too. */
void *dlsym(void *handle, const char *name)
{
    static void *(*real)(void *, const char *);
    static const char *const ours[] = { "open", "open64", "openat", "close", "write", "pwrite", "pwrite64", "ftruncate", "fsync", "fdatasync",
                                        "rename", "link", "unlink", "mkdir", "rmdir" };
    if (!real) {
        static const char *const versions[] = { "GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5" };
        for (size_t i = 0; !real && i < sizeof versions / sizeof *versions; i++)
            real = (void *(*)(void *, const char *))dlvsym(RTLD_NEXT, "dlsym", versions[i]);
        if (!real)
            die("dlsym", "the C library has none");
    }
    void *found = real(handle, name);
    for (size_t i = 0; found && i < sizeof ours / sizeof *ours; i++)
        if (!strcmp(name, ours[i]) && found == real(RTLD_NEXT, name))
            return real(RTLD_DEFAULT, name);
    return found;
}
