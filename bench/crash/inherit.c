/* Children count too, also those that are given an environment of their own.
 *
 * Puts LD_PRELOAD and CRASH_SHARED back into every environment that a program is started with.
 * Nothing here allocates: CPython's child is a vfork and shares its parent's memory.
 */
#define _GNU_SOURCE
#include "faults.h"

#include <alloca.h>
#include <dlfcn.h>
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

extern char **environ;
static char preload[600] = "LD_PRELOAD=", place[600] = "CRASH_SHARED=";

__attribute__((constructor)) static void learn(void)
{
    const char *library = getenv("LD_PRELOAD"), *path = getenv("CRASH_SHARED");
    if (library && path) {
        strncat(preload, library, sizeof preload - sizeof "LD_PRELOAD=");
        strncat(place, path, sizeof place - sizeof "CRASH_SHARED=");
    }
}

static size_t entries(char *const *list)
{
    size_t count = 0;
    while (list && list[count])
        count++;
    return count;
}

static char **with_ours(char **room, char *const *given)
{
    size_t to = 0;
    for (size_t i = 0; given && given[i]; i++)
        if (strncmp(given[i], "LD_PRELOAD=", 11) != 0 && strncmp(given[i], "CRASH_SHARED=", 13) != 0)
            room[to++] = given[i];
    room[to++] = preload;
    room[to++] = place;
    room[to] = NULL;
    return room;
}

#define ROOM(given) ((char **)alloca((entries(given) + 3) * sizeof(char *)))

PUBLIC int execve(const char *path, char *const argv[], char *const given[])
{
    return (int)plain(SYS_execve, path, argv, shared ? with_ours(ROOM(given), given) : given);
}
PUBLIC int execv(const char *path, char *const argv[])
{
    return execve(path, argv, environ);
}

/* A namespace of its own hides the shared memory, so a migration's cell is an open one here, as it
 * is on machines that give no namespaces.
 */
PUBLIC int unshare(int flags)
{
    if (!shared)
        return (int)plain(SYS_unshare, flags);
    errno = EPERM;
    return -1;
}

typedef int spawner(pid_t *, const char *, const posix_spawn_file_actions_t *,
                    const posix_spawnattr_t *, char *const[], char *const[]);

PUBLIC int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const argv[], char *const given[])
{
    spawner *real = (spawner *)dlsym(RTLD_NEXT, "posix_spawn");
    return real(pid, path, actions, attributes, argv, shared ? with_ours(ROOM(given), given) : given);
}
PUBLIC int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const argv[], char *const given[])
{
    spawner *real = (spawner *)dlsym(RTLD_NEXT, "posix_spawnp");
    return real(pid, file, actions, attributes, argv, shared ? with_ours(ROOM(given), given) : given);
}
