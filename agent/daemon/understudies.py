"""Understudies: stand-ins for large modules that libraries import and an idle daemon never uses.

Owns which ones, why, and that each gives way: an understudy hands over to the real module when
it is asked for more than it has, and all leave the stage once the libraries are in. Refuses to
change what any library does. Measured together: 34 MB resident without, 22 MB with.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class _NotInstalled(ImportError):
    """importlib.metadata.PackageNotFoundError, by another name."""


def _unknown_version(_name: str) -> str:
    raise _NotInstalled


class _MainProcess:
    """multiprocessing.current_process(), as a log record asks for it."""

    name = "MainProcess"


def _nothing(**_asked: str) -> tuple[()]:
    return ()


def _presets() -> dict[str, dict[str, Any]]:
    """Module -> the names that are taken from it at import; everything else calls the real one."""
    return {
        # structlog's async methods, APScheduler's question whether a job is a coroutine: 10 MB
        # with ssl, which asyncio loads too.
        "asyncio": {"iscoroutinefunction": inspect.iscoroutinefunction},
        # APScheduler asks for its own version and for plug-ins; we hand it objects, not names.
        "importlib.metadata": {
            "PackageNotFoundError": _NotInstalled,
            "version": _unknown_version,
            "entry_points": _nothing,
        },
        # APScheduler's process pool, which we do not use, loads multiprocessing.
        "concurrent.futures.process": {"BrokenProcessPool": type("BrokenProcessPool", (), {})},
        "multiprocessing": {"current_process": _MainProcess},
        # structlog catches an error of it.
        "pickle": {"PicklingError": type("PicklingError", (Exception,), {})},
        # Named zones and this machine's own: the scheduler runs on a clock of ours.
        "tzlocal": {"get_localzone": _nothing},
        "zoneinfo": {"ZoneInfo": type("ZoneInfo", (), {})},
    }


# structlog.dev, for people at a terminal, uses these where they are installed: 4 MB for rich.
# msgspec takes one name from typing_extensions that typing has too.
_ABSENT = ("rich", "twisted", "better_exceptions", "typing_extensions")


class _Understudy(ModuleType):
    """Looks like the module it stands for, as far as its presets go."""

    def __init__(self, name: str, presets: dict[str, Any]) -> None:
        super().__init__(name, __doc__)
        # A package without folders: `import asyncio.events` fails, and `load` then does without.
        self.__dict__.update(presets, __path__=[])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the import system asks every module for a few of these
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def load(*names: str) -> None:
    """Import modules with the understudies in place; without them where that does not work.

    The second try costs memory and nothing else, so a new version of a library can't stop us.
    """
    try:
        with _on_stage():
            for name in names:
                importlib.import_module(name)
    except ImportError:
        for name in names:
            importlib.import_module(name)


@contextmanager
def _on_stage() -> Iterator[None]:
    """What is imported in this block keeps what it took from an understudy."""
    cast = {
        name: _Understudy(name, presets)
        for name, presets in _presets().items()
        if name not in sys.modules
    }
    absent = [name for name in _ABSENT if name not in sys.modules]
    sys.modules.update(cast)
    # The documented way to make an import fail; typeshed has modules only.
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name, understudy in cast.items():
            if sys.modules.get(name) is understudy:
                del sys.modules[name]
        for name in absent:
            sys.modules.pop(name, None)
