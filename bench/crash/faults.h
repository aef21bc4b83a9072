/* What the preloaded library and the harness share: one mapped file. `shared.py` reads the same
 * layout; whoever changes one changes both.
 */
#ifndef CRASH_FAULTS_H
#define CRASH_FAULTS_H

#include <stdint.h>
#include <stddef.h>

#define MOST_CALLS 16384
#define MOST_PATH 4096

enum kind { NOTHING = 0, KILL = 1, TORN = 2, NO_SPACE = 3, BAD_DISK = 4, SHORT = 5, PAUSE = 6 };

struct call {
    char name[16];
    char path[112]; /* its end, where it is longer */
};

struct shared {
    uint32_t armed;     /* calls count and may be struck */
    uint32_t dead;      /* the machine is off: every process of the tree ends at its next call */
    uint32_t kind;      /* enum kind */
    uint32_t lasting;   /* an error comes at every call after the struck one too */
    uint32_t struck;    /* 1: the fault came; 2: who was paused may go on */
    uint32_t recording; /* each call and its content goes to the log */
    uint32_t lock;      /* held while recording */
    uint32_t lost;      /* calls that could not be recorded */
    uint64_t count;     /* calls so far */
    uint64_t strike;    /* the number of the call to strike, from 1; 0: none */
    char root[256];     /* calls on paths below it count */
    char log[256];
    struct call calls[MOST_CALLS];
};

extern struct shared *shared;

/* How a call is to go on. */
enum verdict { GO, FAIL, HALF };

int watched(void);
int path_below(int folder, const char *path, char *out);
int descriptor_below(int fd, char *out);
enum verdict next_call(const char *name, const char *path, int grows, int writes);
void end_all(void) __attribute__((noreturn));
long plain(long number, ...);

/* Recording. A call is between `begin` and `finish`, which hold the lock, so that the order in
 * the log is the order in which the kernel did things.
 */
void begin(const char *name);
void finish(void);
void note_name(const char *path, uint64_t inode);
void note_facts(const char *path, int follow);
void note_facts_of(int fd);
void note_write(int fd, uint64_t offset, const void *content, size_t size);
void note_size(int fd, uint64_t size);
void note_whole(int fd);
void note_sync(uint64_t inode);
uint64_t inode_of(const char *path);
uint64_t inode_at(int fd);

#endif
