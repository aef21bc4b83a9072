/* One file that remembers every write and flush, for a loop device to stand on.
 *
 *   blocks BACKING LOG MOUNTPOINT
 *
 * The file is MOUNTPOINT/disk. LOG gets, for each write, its place, size and content; for each
 * flush a size of 0. What was written since the last flush may reach a disk in any order or not
 * at all when the power goes (`blocks.py`). Refuses everything but that.
 */
#define FUSE_USE_VERSION 31
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int backing, journal;

static int facts(const char *path, struct stat *found, struct fuse_file_info *file)
{
    (void)file;
    if (fstat(backing, found) != 0)
        return -errno;
    if (strcmp(path, "/") == 0) {
        found->st_mode = S_IFDIR | 0700;
        found->st_nlink = 2;
        return 0;
    }
    return strcmp(path, "/disk") == 0 ? 0 : -ENOENT;
}

static int opened(const char *path, struct fuse_file_info *file)
{
    file->direct_io = 1; /* no cache between the loop device and the log */
    return strcmp(path, "/disk") == 0 ? 0 : -ENOENT;
}

static int reading(const char *path, char *into, size_t size, off_t at, struct fuse_file_info *file)
{
    (void)path, (void)file;
    ssize_t some = pread(backing, into, size, at);
    return some < 0 ? -errno : (int)some;
}

static int writing(const char *path, const char *from, size_t size, off_t at,
                   struct fuse_file_info *file)
{
    (void)path, (void)file;
    uint64_t head[2] = {(uint64_t)at, size};
    if (write(journal, head, sizeof head) != sizeof head || write(journal, from, size) != (ssize_t)size)
        return -EIO;
    ssize_t some = pwrite(backing, from, size, at);
    return some < 0 ? -errno : (int)some;
}

static int flushed(const char *path, int only_data, struct fuse_file_info *file)
{
    (void)path, (void)only_data, (void)file;
    uint64_t head[2] = {0, 0};
    return write(journal, head, sizeof head) == sizeof head ? 0 : -EIO;
}

static const struct fuse_operations operations = {
    .getattr = facts, .open = opened, .read = reading, .write = writing, .fsync = flushed,
};

int main(int count, char **words)
{
    if (count != 4)
        return 2;
    backing = open(words[1], O_RDWR | O_CLOEXEC);
    journal = open(words[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (backing < 0 || journal < 0)
        return 1;
    char *arguments[] = {words[0], "-f", "-s", words[3], NULL};
    return fuse_main(4, arguments, &operations, NULL);
}
