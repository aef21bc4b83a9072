/* The log of a run: every change in the order in which it happened, with names, inodes, content.
 *
 * `log.py` reads it. An event is `E`, its length, the call's name, and parts:
 *   N folder inode name   a name is now this inode's (0: of nothing)
 *   F inode mode uid gid  what it is; of a symbolic link the target too
 *   W inode offset bytes  content at a place
 *   T inode size          cut or stretched
 *   C inode bytes         its whole content (after a copy inside the kernel)
 *   S inode               synced (0: the whole file system)
 */
#define _GNU_SOURCE
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST_EVENT (8 << 20)

static unsigned char *event;
static size_t used;
static int kept_errno;

static void put(const void *bytes, size_t size)
{
    if (!event || used + size > MOST_EVENT) {
        shared->lost++;
        return;
    }
    memcpy(event + used, bytes, size);
    used += size;
}

static void put_number(uint64_t number)
{
    put(&number, sizeof number);
}

static void put_bytes(const void *bytes, size_t size)
{
    put_number(size);
    put(bytes, size);
}

void begin(const char *name)
{
    while (__atomic_exchange_n(&shared->lock, 1, __ATOMIC_SEQ_CST))
        plain(SYS_sched_yield);
    if (!event)
        event = malloc(MOST_EVENT);
    used = 0;
    put_bytes(name, strlen(name));
}

void finish(void)
{
    kept_errno = errno;
    uint64_t size = used;
    long fd = plain(SYS_openat, AT_FDCWD, shared->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0 || plain(SYS_write, fd, &size, sizeof size) < 0 ||
        plain(SYS_write, fd, event, size) != (long)size)
        shared->lost++;
    if (fd >= 0)
        plain(SYS_close, fd);
    __atomic_store_n(&shared->lock, 0, __ATOMIC_SEQ_CST);
    errno = kept_errno;
}

static int facts_of(const char *path, int follow, struct stat *facts)
{
    return plain(SYS_newfstatat, AT_FDCWD, path, facts, follow ? 0 : AT_SYMLINK_NOFOLLOW) == 0;
}

uint64_t inode_of(const char *path)
{
    struct stat facts;
    return facts_of(path, 0, &facts) ? facts.st_ino : 0;
}

uint64_t inode_at(int fd)
{
    struct stat facts;
    return plain(SYS_newfstatat, fd, "", &facts, AT_EMPTY_PATH) == 0 ? facts.st_ino : 0;
}

void note_name(const char *path, uint64_t inode)
{
    char folder[MOST_PATH];
    struct stat facts;
    strcpy(folder, path);
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        folder[--length] = '\0';
    char *slash = strrchr(folder, '/');
    if (!slash)
        return;
    *slash = '\0';
    if (!facts_of(folder, 1, &facts))
        return;
    put("N", 1);
    put_number(facts.st_ino);
    put_number(inode);
    put_bytes(slash + 1, strlen(slash + 1));
}

static void put_facts(const struct stat *facts, const char *target, size_t size)
{
    put("F", 1);
    put_number(facts->st_ino);
    put_number(facts->st_mode);
    put_number(facts->st_uid);
    put_number(facts->st_gid);
    put_bytes(target, size);
}

void note_facts(const char *path, int follow)
{
    struct stat facts;
    char target[MOST_PATH];
    long size = 0;
    if (!facts_of(path, follow, &facts))
        return;
    if (S_ISLNK(facts.st_mode))
        size = plain(SYS_readlinkat, AT_FDCWD, path, target, sizeof target);
    put_facts(&facts, target, size > 0 ? (size_t)size : 0);
}

void note_facts_of(int fd)
{
    struct stat facts;
    if (plain(SYS_newfstatat, fd, "", &facts, AT_EMPTY_PATH) == 0)
        put_facts(&facts, "", 0);
}

void note_write(int fd, uint64_t offset, const void *content, size_t size)
{
    put("W", 1);
    put_number(inode_at(fd));
    put_number(offset);
    put_bytes(content, size);
}

void note_size(int fd, uint64_t size)
{
    put("T", 1);
    put_number(inode_at(fd));
    put_number(size);
}

void note_whole(int fd)
{
    static unsigned char chunk[1 << 20];
    char name[MOST_PATH];
    if (!descriptor_below(fd, name))
        return;
    long reading = plain(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC, 0);
    long size = reading < 0 ? -1 : plain(SYS_read, reading, chunk, sizeof chunk);
    if (size < 0 || size == (long)sizeof chunk)
        shared->lost++; /* The subjects' files are smaller than this. */
    put("C", 1);
    put_number(inode_at(fd));
    put_bytes(chunk, size < 0 ? 0 : (size_t)size);
    if (reading >= 0)
        plain(SYS_close, reading);
}

void note_sync(uint64_t inode)
{
    put("S", 1);
    put_number(inode);
}
