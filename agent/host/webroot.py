"""`python -I -S webroot.py add|remove FOLDER TOKEN`: one ACME answer in a web server's folder.

Run as a script of its own, as the user whose folder it is: then the kernel decides what may be
written, and a link that this user planted leads nowhere the user could not go alone. The content
comes on standard input. Imports nothing of ours. Exit status 1 says why on standard error.
"""

import contextlib
import os
import re
import sys

_WAY = (".well-known", "acme-challenge")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,200}")
_MOST = 4096  # bytes; a key authorization has about 90


def main(argv: list[str]) -> int:
    act, folder, token = argv[1:4]
    if not _TOKEN.fullmatch(token):
        sys.stderr.write("the token is not of the letters that RFC 8555 allows\n")
        return 1
    try:
        if act == "add":
            _add(folder, token, sys.stdin.buffer.read(_MOST))
        else:
            _remove(folder, token)
    except OSError as error:
        sys.stderr.write(f"{folder}: {error.strerror or error}\n")
        return 1
    return 0


def _add(folder: str, token: str, content: bytes) -> None:
    os.umask(0o022)  # The web server may be another user; what it shows is public.
    if not os.path.isdir(folder):
        raise OSError(0, "there is no such folder")
    place = folder
    for part in _WAY:
        place = os.path.join(place, part)
        with contextlib.suppress(FileExistsError):
            os.mkdir(place, 0o755)
    aside = os.path.join(place, f".{token}.part")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(aside)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(aside, flags, 0o644), "wb") as stream:
        stream.write(content)
    os.rename(aside, os.path.join(place, token))


def _remove(folder: str, token: str) -> None:
    # The two folders stay: they may be the application's own.
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(folder, *_WAY, token))


if __name__ == "__main__":
    sys.exit(main(sys.argv))
