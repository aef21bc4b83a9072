/* A wall clock that jumps, for one process: preloaded, it adds the seconds that stand in the file
 * JUMP_FILE (a long, mapped) to CLOCK_REALTIME. Every other clock, and every wait, stays as it is,
 * which libfaketime can't promise: it also touches the timed waits of the C library.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile long *jump;

int clock_gettime(clockid_t which, struct timespec *now)
{
	if (!jump) {
		int file = open(getenv("JUMP_FILE"), O_RDONLY | O_CLOEXEC);
		jump = mmap(0, sizeof(long), PROT_READ, MAP_SHARED, file, 0);
		close(file);
	}
	long failed = syscall(SYS_clock_gettime, which, now);
	if (!failed && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
		now->tv_sec += *jump;
	return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec exact;
	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &exact))
		return -1;
	now->tv_sec = exact.tv_sec;
	now->tv_usec = exact.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *where)
{
	struct timespec exact;
	clock_gettime(CLOCK_REALTIME, &exact);
	if (where)
		*where = exact.tv_sec;
	return exact.tv_sec;
}
