/* Which calls count, and what becomes of them: the rules of the preloaded library.
 *
 * Counts state-changing calls below one folder over a whole tree of processes, and strikes one of
 * them: everything ends, half of a write is written, or the call fails. `calls.c` wraps the calls,
 * `record.c` writes them down. Refuses to see raw system calls (static programs), the C library's
 * own buffered files, and memory mappings.
 */
#define _GNU_SOURCE
#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct shared *shared;

static long (*real_syscall)(long, ...);

/* Our own `syscall` stands before the C library's, so that one is asked for by name. */
long plain(long number, ...)
{
    long words[6];
    va_list rest;
    if (!real_syscall)
        real_syscall = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    va_start(rest, number);
    for (int i = 0; i < 6; i++)
        words[i] = va_arg(rest, long);
    va_end(rest);
    return real_syscall(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

__attribute__((constructor)) static void attach(void)
{
    const char *path = getenv("CRASH_SHARED");
    if (!path || shared)
        return;
    int fd = (int)plain(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0)
        return;
    void *found = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    plain(SYS_close, fd);
    if (found != MAP_FAILED)
        shared = found;
}

int watched(void)
{
    return shared && __atomic_load_n(&shared->armed, __ATOMIC_SEQ_CST);
}

static int below_root(const char *path)
{
    size_t length = strlen(shared->root);
    return length && strncmp(path, shared->root, length) == 0 &&
           (path[length] == '/' || path[length] == '\0');
}

static int link_of(int fd, char *out)
{
    char name[64] = "/proc/self/fd/";
    char digits[16];
    int i = 0, at = (int)strlen(name);
    if (fd < 0)
        return 0;
    do
        digits[i++] = (char)('0' + fd % 10);
    while ((fd /= 10) > 0);
    while (i > 0)
        name[at++] = digits[--i];
    name[at] = '\0';
    long size = plain(SYS_readlinkat, AT_FDCWD, name, out, MOST_PATH - 1);
    if (size < 0)
        return 0;
    out[size] = '\0';
    return out[0] == '/';
}

static int join(char *out, const char *rest)
{
    size_t length = strlen(out), more = strlen(rest);
    if (length + more + 2 > MOST_PATH)
        return 0;
    out[length] = '/';
    memcpy(out + length + 1, rest, more + 1);
    return 1;
}

/* The descriptor's path where it lies below the root. A file that is unlinked still counts. */
int descriptor_below(int fd, char *out)
{
    return link_of(fd, out) && below_root(out);
}

/* The absolute path in `out` where it lies below the root; links inside it are not resolved. */
int path_below(int folder, const char *path, char *out)
{
    static const char own[] = "/proc/self/fd/";
    if (!path)
        return 0;
    if (strncmp(path, own, sizeof own - 1) == 0) {
        char *rest;
        int fd = (int)strtol(path + sizeof own - 1, &rest, 10);
        if (!link_of(fd, out))
            return 0;
        return (*rest != '/' || join(out, rest + 1)) && below_root(out);
    }
    if (path[0] == '/') {
        if (strlen(path) >= MOST_PATH)
            return 0;
        strcpy(out, path);
        return below_root(out);
    }
    if (folder == AT_FDCWD) {
        if (plain(SYS_getcwd, out, MOST_PATH) < 0)
            return 0;
    } else if (!link_of(folder, out))
        return 0;
    return (!path[0] || join(out, path)) && below_root(out);
}

void end_all(void)
{
    __atomic_store_n(&shared->dead, 1, __ATOMIC_SEQ_CST);
    plain(SYS_kill, 0, SIGKILL);
    plain(SYS_kill, plain(SYS_getpid), SIGKILL);
    for (;;)
        plain(SYS_sched_yield);
}

static void remember(uint64_t number, const char *name, const char *path)
{
    if (number > MOST_CALLS)
        return;
    struct call *one = &shared->calls[number - 1];
    size_t length = strlen(path), most = sizeof one->path - 1;
    const char *end = length > most ? path + (length - most) : path;
    strncpy(one->name, name, sizeof one->name - 1);
    memcpy(one->path, end, strlen(end) + 1);
}

/* Count one call and say how it goes on. `grows`: it takes room on the disk; `writes`: content. */
enum verdict next_call(const char *name, const char *path, int grows, int writes)
{
    if (__atomic_load_n(&shared->dead, __ATOMIC_SEQ_CST))
        end_all();
    uint64_t number = __atomic_add_fetch(&shared->count, 1, __ATOMIC_SEQ_CST);
    remember(number, name, path);
    int again = shared->lasting && __atomic_load_n(&shared->struck, __ATOMIC_SEQ_CST) &&
                (grows || shared->kind == BAD_DISK);
    if (number != shared->strike && !again)
        return GO;
    __atomic_store_n(&shared->struck, 1, __ATOMIC_SEQ_CST);
    switch (shared->kind) {
    case KILL:
        end_all();
    case TORN:
        if (!writes)
            end_all();
        return HALF;
    case SHORT:
        return writes ? HALF : GO;
    case PAUSE:
        while (__atomic_load_n(&shared->struck, __ATOMIC_SEQ_CST) == 1)
            usleep(200);
        return GO;
    case NO_SPACE:
        errno = ENOSPC;
        return FAIL;
    case BAD_DISK:
        errno = EIO;
        return FAIL;
    default:
        return GO;
    }
}
