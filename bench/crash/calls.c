/* The wrapped calls: each counts itself where it touches the root, and is recorded if it succeeds.
 *
 * All go to the kernel by number, so nothing here depends on which of its names (open, open64,
 * __open_2) a program was linked with.
 */
#define _GNU_SOURCE
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h> /* RENAME_EXCHANGE */
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utime.h>

#define PUBLIC __attribute__((visibility("default")))
#undef open64
#undef openat64

/* Runs CALL; where it is recorded and succeeds, NOTES too, under the lock. */
#define DONE(name, CALL, NOTES)                                                                    \
    do {                                                                                           \
        int recorded = shared->recording;                                                          \
        if (recorded)                                                                              \
            begin(name);                                                                           \
        long result = (CALL);                                                                      \
        int error = errno;                                                                         \
        if (recorded) {                                                                            \
            if (result >= 0) {                                                                     \
                NOTES;                                                                             \
            }                                                                                      \
            finish();                                                                              \
        }                                                                                          \
        errno = error;                                                                             \
        return (result);                                                                           \
    } while (0)

#define GROWS 1
#define WRITES 1

static int opened(const char *name, int folder, const char *path, int flags, mode_t mode)
{
    char where[MOST_PATH];
    int changes = (flags & (O_CREAT | O_TRUNC | O_WRONLY | O_RDWR)) != 0;
    if (!watched() || !changes || (flags & O_PATH) || !path_below(folder, path, where))
        return (int)plain(SYS_openat, folder, path, flags, mode);
    int shapes = (flags & (O_CREAT | O_TRUNC)) != 0;
    /* Opening alone changes nothing; it may fail, though, and a kill there is one before a write. */
    if (next_call(name, where, (flags & O_CREAT) != 0, 0) == FAIL)
        return -1;
    if (!shapes)
        return (int)plain(SYS_openat, folder, path, flags, mode);
    uint64_t before = shared->recording ? inode_of(where) : 0;
    DONE(name, plain(SYS_openat, folder, path, flags, mode), {
        if ((flags & O_TMPFILE) == O_TMPFILE) {
            note_facts_of((int)result);
        } else if (!before) {
            note_facts_of((int)result);
            note_name(where, inode_at((int)result));
        } else if (flags & O_TRUNC) {
            note_size((int)result, 0);
        }
    });
}

#define MODE_OF(flags)                                                                             \
    mode_t mode = 0;                                                                               \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                                         \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        mode = va_arg(rest, mode_t);                                                               \
        va_end(rest);                                                                              \
    }

PUBLIC int open(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return opened("open", AT_FDCWD, path, flags, mode);
}
PUBLIC int open64(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return opened("open", AT_FDCWD, path, flags, mode);
}
PUBLIC int openat(int folder, const char *path, int flags, ...)
{
    MODE_OF(flags)
    return opened("openat", folder, path, flags, mode);
}
PUBLIC int openat64(int folder, const char *path, int flags, ...)
{
    MODE_OF(flags)
    return opened("openat", folder, path, flags, mode);
}
PUBLIC int __open_2(const char *path, int flags)
{
    return opened("open", AT_FDCWD, path, flags, 0);
}
PUBLIC int __open64_2(const char *path, int flags)
{
    return opened("open", AT_FDCWD, path, flags, 0);
}
PUBLIC int __openat_2(int folder, const char *path, int flags)
{
    return opened("openat", folder, path, flags, 0);
}
PUBLIC int __openat64_2(int folder, const char *path, int flags)
{
    return opened("openat", folder, path, flags, 0);
}
PUBLIC int creat(const char *path, mode_t mode)
{
    return opened("creat", AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
PUBLIC int creat64(const char *path, mode_t mode)
{
    return opened("creat", AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* --- content --- */

static ssize_t written(const char *name, int fd, const void *from, size_t size, off_t at)
{
    char where[MOST_PATH];
    size_t half = size;
    if (watched() && descriptor_below(fd, where)) {
        enum verdict verdict = next_call(name, where, GROWS, WRITES);
        if (verdict == FAIL)
            return -1;
        if (verdict == HALF)
            half = size / 2 ? size / 2 : size;
        DONE(name, at < 0 ? plain(SYS_write, fd, from, half) : plain(SYS_pwrite64, fd, from, half, at), {
            uint64_t start = (uint64_t)(at < 0 ? plain(SYS_lseek, fd, 0, SEEK_CUR) - result : at);
            note_write(fd, start, from, (size_t)result);
        });
    }
    return at < 0 ? plain(SYS_write, fd, from, size) : plain(SYS_pwrite64, fd, from, size, at);
}

/* After half a write that is to be torn, the machine is off. */
static ssize_t torn(ssize_t result)
{
    if (watched() && shared->kind == TORN && shared->struck)
        end_all();
    return result;
}

PUBLIC ssize_t write(int fd, const void *from, size_t size)
{
    return torn(written("write", fd, from, size, -1));
}
PUBLIC ssize_t pwrite(int fd, const void *from, size_t size, off_t at)
{
    return torn(written("pwrite", fd, from, size, at));
}
PUBLIC ssize_t pwrite64(int fd, const void *from, size_t size, off_t at)
{
    return torn(written("pwrite", fd, from, size, at));
}

/* One buffer at a time: the same calls for the kernel, and each of them a point. */
static ssize_t gathered(const char *name, int fd, const struct iovec *parts, int count, off_t at)
{
    ssize_t total = 0;
    for (int i = 0; i < count; i++) {
        ssize_t some = torn(
            written(name, fd, parts[i].iov_base, parts[i].iov_len, at < 0 ? -1 : at + total));
        if (some < 0)
            return total ? total : -1;
        total += some;
        if ((size_t)some < parts[i].iov_len)
            break;
    }
    return total;
}

PUBLIC ssize_t writev(int fd, const struct iovec *parts, int count)
{
    char where[MOST_PATH];
    if (watched() && descriptor_below(fd, where))
        return gathered("writev", fd, parts, count, -1);
    return plain(SYS_writev, fd, parts, count);
}
PUBLIC ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    return gathered("pwritev", fd, parts, count, at);
}
PUBLIC ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at)
{
    return gathered("pwritev", fd, parts, count, at);
}

static ssize_t copied(const char *name, int target, size_t *size)
{
    char where[MOST_PATH];
    if (!descriptor_below(target, where))
        return 0;
    enum verdict verdict = next_call(name, where, GROWS, WRITES);
    if (verdict == HALF && *size > 1)
        *size = *size > 4096 ? 4096 : *size / 2;
    return verdict == FAIL ? -1 : 1;
}

PUBLIC ssize_t sendfile(int target, int source, off_t *at, size_t size)
{
    ssize_t counted = watched() ? copied("sendfile", target, &size) : 0;
    if (counted < 0)
        return -1;
    if (!counted)
        return plain(SYS_sendfile, target, source, at, size);
    if (shared->recording)
        DONE("sendfile", plain(SYS_sendfile, target, source, at, size), note_whole(target));
    return torn(plain(SYS_sendfile, target, source, at, size));
}
PUBLIC ssize_t sendfile64(int target, int source, off_t *at, size_t size)
{
    return sendfile(target, source, at, size);
}
PUBLIC ssize_t copy_file_range(int source, off64_t *from, int target, off64_t *to, size_t size,
                               unsigned flags)
{
    ssize_t counted = watched() ? copied("copy_file_range", target, &size) : 0;
    if (counted < 0)
        return -1;
    if (!counted)
        return plain(SYS_copy_file_range, source, from, target, to, size, flags);
    if (shared->recording)
        DONE("copy_file_range", plain(SYS_copy_file_range, source, from, target, to, size, flags),
             note_whole(target));
    return torn(plain(SYS_copy_file_range, source, from, target, to, size, flags));
}

PUBLIC int ioctl(int fd, unsigned long request, ...)
{
    char where[MOST_PATH];
    va_list rest;
    va_start(rest, request);
    void *word = va_arg(rest, void *);
    va_end(rest);
    /* FICLONE and FICLONERANGE; and of btrfs (0x94): snapshot, subvolume, and their removal. */
    int clones = request == 0x40049409 || request == 0x4020940d;
    int changes = clones || request == 0x50009417 || request == 0x50009418 ||
                  request == 0x5000940e || request == 0x5000940f || request == 0x50009401;
    if (!changes || !watched() || !descriptor_below(fd, where))
        return (int)plain(SYS_ioctl, fd, request, word);
    if (next_call("ioctl", where, GROWS, 0) == FAIL)
        return -1;
    DONE("ioctl", plain(SYS_ioctl, fd, request, word), if (clones) note_whole(fd));
}

/* --- one path, one descriptor --- */

#define ON_PATH(name, folder, path, grows, CALL, NOTES)                                            \
    char where[MOST_PATH];                                                                         \
    if (!watched() || !path_below(folder, path, where))                                            \
        return (CALL);                                                                             \
    if (next_call(name, where, grows, 0) == FAIL)                                                  \
        return -1;                                                                                 \
    DONE(name, CALL, NOTES)

#define ON_FD(name, fd, grows, CALL, NOTES)                                                        \
    char where[MOST_PATH];                                                                         \
    if (!watched() || !descriptor_below(fd, where))                                                \
        return (CALL);                                                                             \
    if (next_call(name, where, grows, 0) == FAIL)                                                  \
        return -1;                                                                                 \
    DONE(name, CALL, NOTES)

static int made_folder(const char *name, int folder, const char *path, mode_t mode)
{
    ON_PATH(name, folder, path, GROWS, plain(SYS_mkdirat, folder, path, mode), {
        note_facts(where, 0);
        note_name(where, inode_of(where));
    });
}
PUBLIC int mkdir(const char *path, mode_t mode)
{
    return made_folder("mkdir", AT_FDCWD, path, mode);
}
PUBLIC int mkdirat(int folder, const char *path, mode_t mode)
{
    return made_folder("mkdirat", folder, path, mode);
}

static int taken_away(const char *name, int folder, const char *path, int flags)
{
    ON_PATH(name, folder, path, 0, plain(SYS_unlinkat, folder, path, flags), note_name(where, 0));
}
PUBLIC int unlink(const char *path)
{
    return taken_away("unlink", AT_FDCWD, path, 0);
}
PUBLIC int unlinkat(int folder, const char *path, int flags)
{
    return taken_away("unlinkat", folder, path, flags);
}
PUBLIC int rmdir(const char *path)
{
    return taken_away("rmdir", AT_FDCWD, path, AT_REMOVEDIR);
}
PUBLIC int remove(const char *path)
{
    struct stat facts;
    int folder = lstat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
    return taken_away("remove", AT_FDCWD, path, folder ? AT_REMOVEDIR : 0);
}

static int linked(const char *name, const char *target, int folder, const char *path)
{
    ON_PATH(name, folder, path, GROWS, plain(SYS_symlinkat, target, folder, path), {
        note_facts(where, 0);
        note_name(where, inode_of(where));
    });
}
PUBLIC int symlink(const char *target, const char *path)
{
    return linked("symlink", target, AT_FDCWD, path);
}
PUBLIC int symlinkat(const char *target, int folder, const char *path)
{
    return linked("symlinkat", target, folder, path);
}

PUBLIC int linkat(int from, const char *source, int folder, const char *path, int flags)
{
    ON_PATH("linkat", folder, path, GROWS, plain(SYS_linkat, from, source, folder, path, flags),
            note_name(where, inode_of(where)));
}
PUBLIC int link(const char *source, const char *path)
{
    return linkat(AT_FDCWD, source, AT_FDCWD, path, 0);
}

static int renamed(const char *name, int from, const char *source, int to, const char *target,
                   unsigned flags)
{
    char there[MOST_PATH];
    uint64_t one = 0, other = 0;
    if (watched() && path_below(from, source, there)) {
        char goal[MOST_PATH];
        one = inode_of(there);
        other = path_below(to, target, goal) ? inode_of(goal) : 0;
    } else if (!watched() || !path_below(to, target, there))
        return (int)plain(SYS_renameat2, from, source, to, target, flags);
    ON_PATH(name, to, target, 0, plain(SYS_renameat2, from, source, to, target, flags), {
        note_name(there, flags & RENAME_EXCHANGE ? other : 0);
        note_name(where, one);
    });
}
PUBLIC int rename(const char *source, const char *target)
{
    return renamed("rename", AT_FDCWD, source, AT_FDCWD, target, 0);
}
PUBLIC int renameat(int from, const char *source, int to, const char *target)
{
    return renamed("renameat", from, source, to, target, 0);
}
PUBLIC int renameat2(int from, const char *source, int to, const char *target, unsigned flags)
{
    return renamed("renameat2", from, source, to, target, flags);
}

PUBLIC int mknodat(int folder, const char *path, mode_t mode, dev_t device)
{
    ON_PATH("mknodat", folder, path, GROWS, plain(SYS_mknodat, folder, path, mode, device), {
        note_facts(where, 0);
        note_name(where, inode_of(where));
    });
}
PUBLIC int mknod(const char *path, mode_t mode, dev_t device)
{
    return mknodat(AT_FDCWD, path, mode, device);
}
PUBLIC int mkfifo(const char *path, mode_t mode)
{
    return mknodat(AT_FDCWD, path, mode | S_IFIFO, 0);
}

/* --- rights and times --- */

PUBLIC int fchmodat(int folder, const char *path, mode_t mode, int flags)
{
    if (flags & AT_SYMLINK_NOFOLLOW) {
        struct stat facts; /* Linux gives links no mode (fchmodat(2)). */
        if (fstatat(folder, path, &facts, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(facts.st_mode)) {
            errno = EOPNOTSUPP;
            return -1;
        }
    }
    ON_PATH("fchmodat", folder, path, 0, plain(SYS_fchmodat, folder, path, mode), note_facts(where, 1));
}
PUBLIC int chmod(const char *path, mode_t mode)
{
    return fchmodat(AT_FDCWD, path, mode, 0);
}
PUBLIC int fchmod(int fd, mode_t mode)
{
    ON_FD("fchmod", fd, 0, plain(SYS_fchmod, fd, mode), note_facts_of(fd));
}
PUBLIC int fchownat(int folder, const char *path, uid_t user, gid_t group, int flags)
{
    ON_PATH("fchownat", folder, path, 0, plain(SYS_fchownat, folder, path, user, group, flags),
            note_facts(where, !(flags & AT_SYMLINK_NOFOLLOW)));
}
PUBLIC int chown(const char *path, uid_t user, gid_t group)
{
    return fchownat(AT_FDCWD, path, user, group, 0);
}
PUBLIC int lchown(const char *path, uid_t user, gid_t group)
{
    return fchownat(AT_FDCWD, path, user, group, AT_SYMLINK_NOFOLLOW);
}
PUBLIC int fchown(int fd, uid_t user, gid_t group)
{
    ON_FD("fchown", fd, 0, plain(SYS_fchown, fd, user, group), note_facts_of(fd));
}
static int touched_file(int fd, const struct timespec times[2])
{
    ON_FD("futimens", fd, 0, plain(SYS_utimensat, fd, NULL, times, 0), {});
}
static int touched(int folder, const char *path, const struct timespec times[2], int flags)
{
    if (!path)
        return touched_file(folder, times);
    ON_PATH("utimensat", folder, path, 0, plain(SYS_utimensat, folder, path, times, flags), {});
}
PUBLIC int utimensat(int folder, const char *path, const struct timespec times[2], int flags)
{
    return touched(folder, path, times, flags);
}
PUBLIC int futimens(int fd, const struct timespec times[2])
{
    return touched_file(fd, times);
}

#define ATTRIBUTE(name, number)                                                                    \
    PUBLIC int name(const char *path, const char *key, const void *value, size_t size, int flags)  \
    {                                                                                              \
        ON_PATH(#name, AT_FDCWD, path, GROWS, plain(number, path, key, value, size, flags), {});   \
    }
ATTRIBUTE(setxattr, SYS_setxattr)
ATTRIBUTE(lsetxattr, SYS_lsetxattr)
PUBLIC int fsetxattr(int fd, const char *key, const void *value, size_t size, int flags)
{
    ON_FD("fsetxattr", fd, GROWS, plain(SYS_fsetxattr, fd, key, value, size, flags), {});
}
PUBLIC int removexattr(const char *path, const char *key)
{
    ON_PATH("removexattr", AT_FDCWD, path, 0, plain(SYS_removexattr, path, key), {});
}

/* --- sizes --- */

PUBLIC int ftruncate(int fd, off_t size)
{
    ON_FD("ftruncate", fd, 0, plain(SYS_ftruncate, fd, size), note_size(fd, (uint64_t)size));
}
PUBLIC int ftruncate64(int fd, off_t size)
{
    return ftruncate(fd, size);
}
PUBLIC int truncate(const char *path, off_t size)
{
    int fd = (int)plain(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int result = ftruncate(fd, size);
    int error = errno;
    plain(SYS_close, fd);
    errno = error;
    return result;
}
PUBLIC int truncate64(const char *path, off_t size)
{
    return truncate(path, size);
}
PUBLIC int fallocate(int fd, int mode, off_t at, off_t size)
{
    ON_FD("fallocate", fd, GROWS, plain(SYS_fallocate, fd, mode, at, size), note_whole(fd));
}
PUBLIC int fallocate64(int fd, int mode, off_t at, off_t size)
{
    return fallocate(fd, mode, at, size);
}
PUBLIC int posix_fallocate(int fd, off_t at, off_t size)
{
    return fallocate(fd, 0, at, size) == 0 ? 0 : errno;
}
PUBLIC int posix_fallocate64(int fd, off_t at, off_t size)
{
    return posix_fallocate(fd, at, size);
}

/* --- syncing --- */

PUBLIC int fsync(int fd)
{
    ON_FD("fsync", fd, 0, plain(SYS_fsync, fd), note_sync(inode_at(fd)));
}
PUBLIC int fdatasync(int fd)
{
    ON_FD("fdatasync", fd, 0, plain(SYS_fdatasync, fd), note_sync(inode_at(fd)));
}
PUBLIC int syncfs(int fd)
{
    ON_FD("syncfs", fd, 0, plain(SYS_syncfs, fd), note_sync(0));
}
PUBLIC int sync_file_range(int fd, off_t at, off_t size, unsigned flags)
{
    /* Makes nothing durable (sync_file_range(2), warning). */
    ON_FD("sync_file_range", fd, 0, plain(SYS_sync_file_range, fd, at, size, flags), {});
}

/* --- by number --- */

PUBLIC long syscall(long number, ...)
{
    long words[6];
    va_list rest;
    va_start(rest, number);
    for (int i = 0; i < 6; i++)
        words[i] = va_arg(rest, long);
    va_end(rest);
    if (watched() && number == SYS_renameat2)
        return renamed("renameat2", (int)words[0], (const char *)words[1], (int)words[2],
                       (const char *)words[3], (unsigned)words[4]);
    return plain(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}
