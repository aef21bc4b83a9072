"""The last step before a child becomes its program: tie its life to ours, then exec.

Run as a script of its own, `python -I -S leash.py PARENT REPORT -- PROGRAM ARGUMENT...`, so that
what must happen between fork and exec happens in a process without threads (Python's preexec_fn
may deadlock in a threaded daemon). It costs a start of Python for each start of a service, and
nothing afterwards: exec leaves no trace of it.

Owns the leash (prctl(2), PR_SET_PDEATHSIG: SIGTERM when the daemon dies in whatever way), the
limits that a unit would set, and clean signals. Tells over the descriptor REPORT why the program
could not be run; it closes without a word once it runs. Imports nothing of ours.
"""

import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1
_OPEN_FILES = 65536  # LimitNOFILE= of the generated units
_UMASK = 0o077
_FAILED = 127  # as a shell has it


def main(argv: list[str]) -> int:
    parent, report, program = int(argv[1]), int(argv[2]), argv[4:]
    os.set_inheritable(report, False)  # noqa: FBT003  (the function takes it by position only)
    try:
        _tie()
        if os.getppid() != parent:
            return _FAILED  # It died before the leash was on, so the signal will never come.
        _limit()
        _forget_signals()
        os.umask(_UMASK)
        os.execvp(program[0], program)  # noqa: S606  (an argument list; there is no shell)
    except OSError as error:
        os.write(report, (error.strerror or str(error)).encode())
    except ImportError as error:
        os.write(report, f"this Python lacks ctypes: {error}".encode())
    return _FAILED


def _tie() -> None:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, f"prctl: {os.strerror(number)}")


def _limit() -> None:
    # A core dump would hold the secrets of the environment.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _forget_signals() -> None:
    """Ignored signals and the mask survive exec (execve(2)); Python ignores SIGPIPE, for one."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


if __name__ == "__main__":
    sys.exit(main(sys.argv))
