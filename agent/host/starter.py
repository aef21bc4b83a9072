"""A small forked process that starts others for us: pieces of work that give bytes.

Owns asking it, and the pipe's end that it hands over. A child that is forked from a large process
holds what that one knows, and whichever of the two writes to a page pays for a copy; the starter
was forked while we were small and knew nothing. Refuses to know what the work is.
"""

from __future__ import annotations

import _socket
import contextlib
import gc
import os
import struct
from collections.abc import Callable

from agent.host import fork, giving
from agent.host.giving import Give, Giving

Work = Callable[[bytes, Give], None]

_ASKED = struct.Struct(">cQd")  # what, the number of the work, seconds
_SAID = struct.Struct(">Qi")  # the number, and the process, the status, or minus the error
_PIPE = struct.Struct("i")  # a descriptor on its way (unix(7))
_BEGIN, _END, _ENDED = b"b", b"e", b"E"  # the last: its end of the pipe is closed already
_MOST = 64 << 10  # bytes of a request
_UNKNOWN = -(1 << 31)


class Started(giving.Read):
    """Work under way in a child of the starter's, and our end of its pipe."""

    def __init__(self, starter: Starter, number: int, pid: int, pipe: int) -> None:
        super().__init__(pipe)
        self._starter, self._number, self.pid = starter, number, pid

    def end(self) -> int | None:
        """As of `Giving`."""
        self.close()
        return self._starter.ended(self._number, by_itself=self.at_end)


class Starter:
    """Our view of it. Work is one after the other."""

    def __init__(self, child: fork.Child) -> None:
        self._child = child
        self._number = 0

    @property
    def pid(self) -> int:
        return self._child.pid

    def begin(self, request: bytes, *, longest: float) -> Started:
        """Have it fork a child for this; as `giving.begin`. Raises OSError."""
        self._number += 1
        number = self._number
        try:
            pid, pipe = self._ask(_ASKED.pack(_BEGIN, number, longest) + request, number)
        except BaseException:  # called off in the middle: nobody would end it
            with contextlib.suppress(OSError):
                self._child.channel.send(_ASKED.pack(_END, number, 0.0))
            raise
        if pipe < 0:
            raise OSError(-pid, os.strerror(-pid))
        return Started(self, number, pid, pipe)

    def ended(self, number: int, *, by_itself: bool) -> int | None:
        ask = _ASKED.pack(_ENDED if by_itself else _END, number, 0.0)
        try:
            status, _ = self._ask(ask, number)
        except OSError:
            return None  # It is gone, and with it all that it started.
        except BaseException:  # called off before it was said
            with contextlib.suppress(OSError):
                self._child.channel.send(ask)
            raise
        return None if status == _UNKNOWN else status

    def stop(self) -> None:
        """It ends, and all that it started."""
        self._child.end(patience=1.0)

    def _ask(self, message: bytes, number: int) -> tuple[int, int]:
        """Its answer to this, and a pipe or -1. What it says of work that was called off is late
        and not heard."""
        channel = self._child.channel
        channel.send(message)
        while True:
            said, extra, _, _ = channel.recvmsg(
                _SAID.size, _socket.CMSG_SPACE(_PIPE.size), _socket.MSG_CMSG_CLOEXEC
            )
            if len(said) != _SAID.size:
                raise BrokenPipeError("the process that starts others ended")
            of, value = _SAID.unpack(said)
            pipe = _PIPE.unpack(extra[0][2])[0] if extra else -1
            if of == number:
                return value, pipe
            if pipe >= 0:
                os.close(pipe)


def start(work: Work) -> Starter:
    """Fork it now, as small as we are. `work` runs in its children. Raises OSError."""
    return Starter(fork.fork_child(lambda channel: _serve(channel, work), comm=b"starter", keep=()))


def _serve(channel: fork.Socket, work: Work) -> int:
    under_way: dict[int, Giving] = {}
    try:
        while message := channel.recv(_MOST + _ASKED.size):
            what, number, longest = _ASKED.unpack_from(message)
            if what == _BEGIN:
                _begin(channel, work, under_way, (number, longest, message[_ASKED.size :]))
                continue
            child = under_way.pop(number, None)
            if child is not None and what == _ENDED:
                child.at_end = True
            status = child.end() if child is not None else None
            channel.send(_SAID.pack(number, _UNKNOWN if status is None else status))
    finally:
        for each in under_way.values():
            each.end()
    return 0


def _begin(
    channel: fork.Socket,
    work: Work,
    under_way: dict[int, Giving],
    asked: tuple[int, float, bytes],
) -> None:
    number, longest, request = asked

    def live(give: Give) -> None:
        gc.enable()  # a fork of ours has it off
        work(request, give)

    try:
        child = giving.begin(live, longest=longest)
    except OSError as error:
        channel.send(_SAID.pack(number, -(error.errno or 1)))
        return
    under_way[number] = child
    pipe = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, _PIPE.pack(child.pipe))
    channel.sendmsg([_SAID.pack(number, child.pid)], [pipe])
