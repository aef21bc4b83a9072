"""The layers of the design, held by reading the code: who imports whom, and who has hands.

`agent.host` is the only door to the machine. What stands in REASONS is a way round it that was
thought over.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit import house

HOST = "agent.host"
SHELL = (
    "agent.__main__",
    "agent.act",
    "agent.api",
    "agent.background",
    "agent.backup.__main__",
    "agent.change.__main__",
    "agent.change.embedded",
    "agent.cli",
    "agent.daemon",
    "agent.housekeeping.__main__",
    "agent.patching.__main__",
    "agent.remedies.__main__",
)

# What only the host may import: each starts, connects, locks or maps.
HANDS = frozenset(
    (
        *("_socket", "asyncio", "concurrent.futures.process", "ctypes", "fcntl", "mmap"),
        *("multiprocessing", "pty", "resource", "select", "selectors", "socket"),
        *("socketserver", "subprocess", "systemd", "tempfile", "termios"),
    )
)

# What only the host may call, by the last two words of its name.
ACTS = frozenset(
    (
        *("datetime.now", "datetime.today", "datetime.utcnow", "date.today"),
        *("time.clock_gettime", "time.monotonic", "time.monotonic_ns", "time.sleep"),
        *("time.time", "time.time_ns"),
        *("os.chmod", "os.chown", "os.dup2", "os.execv", "os.execve", "os.execvp", "os.execvpe"),
        *("os.fork", "os.fsync", "os.kill", "os.killpg", "os.link", "os.makedirs", "os.mkdir"),
        *("os.mkfifo", "os.open", "os.pipe", "os.posix_spawn", "os.remove", "os.rename"),
        *("os.replace", "os.rmdir", "os.setsid", "os.symlink", "os.system", "os.truncate"),
        *("os.umask", "os.unlink", "os.utime", "os.write"),
        *("shutil.chown", "shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copytree"),
        *("shutil.move", "shutil.rmtree", "shutil.unpack_archive"),
        *("signal.alarm", "signal.pidfd_send_signal", "signal.pthread_sigmask"),
        *("signal.raise_signal", "signal.set_wakeup_fd", "signal.setitimer", "signal.signal"),
        "sqlite3.connect",
    )
)

# Methods that write whatever they are called on, unless that is a module of the host.
WRITES = frozenset(
    (
        *("chmod", "hardlink_to", "lchmod", "mkdir", "rmdir", "symlink_to", "touch", "unlink"),
        *("write_bytes", "write_text"),
    )
)

PROBE = "agent/probe/"

# Reason of an exception → where (a folder ends in "/") and what.
REASONS: dict[str, tuple[str, str]] = {
    "the epoll loop works on sockets that the host opened and handed in": (PROBE, "select"),
    "the type of those sockets; `socket` is too heavy an import for the child": (PROBE, "_socket"),
    "TLS wraps an accepted descriptor; only a TLS port pays for it": (f"{PROBE}tls.py", "socket"),
    "one anonymous page shared over the fork, no file behind it": (f"{PROBE}board.py", "mmap"),
    "/dev/null as a spare descriptor for when none is left": (f"{PROBE}doorman.py", "os.open"),
    "/dev/null takes the place of a closed output": ("setup/console.py", "open for writing"),
}
ALLOWED = set(REASONS.values())


def product() -> list[Path]:
    return house.python_files(*house.PRODUCT)


def in_layer(*tops: str) -> list[Path]:
    return [path for path in product() if house.is_below(house.module_name(path), *tops)]


def broken(paths: list[Path], *forbidden: str, but: tuple[str, ...] = ()) -> list[str]:
    return [
        f"{path}:{one.line} imports {one.reaches}"
        for path in paths
        for one in house.imports(path)
        if house.is_below(one.reaches, *forbidden) and not house.is_below(one.reaches, *but)
    ]


def test_there_is_product_code_to_look_at() -> None:
    assert {path.parts[0] for path in product()} == set(house.PRODUCT)


def test_agent_imports_none_of_the_others() -> None:
    assert broken(in_layer("agent"), "packer", "setup", "support") == []


def test_the_others_do_not_know_each_other() -> None:
    assert broken(in_layer("packer"), "setup", "support") == []
    assert broken(in_layer("setup"), "packer", "support") == []
    assert broken(in_layer("support"), "packer", "setup") == []


def test_the_host_imports_nothing_of_ours() -> None:
    assert broken(in_layer(HOST), *house.PRODUCT, but=(HOST,)) == []


def test_rules_do_not_know_the_shell() -> None:
    shell = set(in_layer(*SHELL))
    rules = [path for path in in_layer("agent") if path not in shell]
    assert broken(rules, *SHELL) == []


def test_product_code_knows_neither_tests_nor_benches() -> None:
    assert broken(product(), "tests", "bench", "docs") == []


def test_nothing_is_imported_for_types_only() -> None:
    assert [path for path in product() if "TYPE_CHECKING" in house.text(path)] == []


def outside_host() -> list[Path]:
    host = set(in_layer(HOST))
    return [path for path in product() if path not in host]


def used_hands(path: Path) -> Iterator[tuple[str, int]]:
    for one in house.imports(path):
        for name in (one.module, one.reaches):
            if name in HANDS or name.partition(".")[0] in HANDS:
                yield name, one.line
                break
    names = host_names(path)
    for node in ast.walk(house.parsed(path)):
        if isinstance(node, ast.Call) and (act := act_of(node, names)):
            yield act, node.lineno


def host_names(path: Path) -> set[str]:
    """The names by which the file knows modules of the host: their methods are the doors."""
    return {one.name for one in house.imports(path) if house.is_below(one.module, HOST)}


def act_of(call: ast.Call, host: set[str]) -> str:
    """The forbidden act that the call is, or nothing."""
    spelled = ast.unparse(call.func)
    short = ".".join(spelled.split(".")[-2:])
    if short in ACTS:
        return short
    if isinstance(call.func, ast.Name):
        return "open for writing" if spelled == "open" and opens_to_write(call, 1) else ""
    if not isinstance(call.func, ast.Attribute) or spelled.partition(".")[0] in host:
        return ""
    if call.func.attr in WRITES:
        return f".{call.func.attr}"
    return "open for writing" if call.func.attr == "open" and opens_to_write(call, 0) else ""


def opens_to_write(call: ast.Call, place: int) -> bool:
    modes = [word.value for word in call.keywords if word.arg == "mode"]
    modes += call.args[place : place + 1]
    texts = [mode.value for mode in modes if isinstance(mode, ast.Constant)]
    return any(isinstance(mode, str) and set("wax+") & set(mode) for mode in texts)


@pytest.mark.parametrize("path", outside_host(), ids=str)
def test_only_the_host_has_hands(path: Path) -> None:
    found = [
        f"{path}:{line} {what}" for what, line in used_hands(path) if not allowance(path, what)
    ]
    assert found == []


def allowance(path: Path, what: str) -> tuple[str, str] | None:
    for place in (path.as_posix(), f"{path.parent.as_posix()}/"):
        if (place, what) in ALLOWED:
            return place, what
    return None


def test_every_exception_is_still_needed_and_gives_its_reason() -> None:
    used = {allowance(path, what) for path in outside_host() for what, _ in used_hands(path)}
    assert ALLOWED - used == set()
    assert [reason for reason in REASONS if len(reason.split()) < 5] == []


@pytest.mark.parametrize(
    ("code", "act"),
    [
        ("import time; time.time()", "time.time"),
        ("import datetime; datetime.datetime.now()", "datetime.now"),
        ("import os; os.fork()", "os.fork"),
        ("import os; os.read(0, 1)", ""),
        ("open('x', 'w')", "open for writing"),
        ("open('x', mode='ab')", "open for writing"),
        ("open('x')", ""),
        ("place.open('r+')", "open for writing"),
        ("place.open()", ""),
        ("place.write_text('x')", ".write_text"),
        ("files.mkdir('x')", ""),
    ],
)
def test_the_reader_of_acts_sees_what_it_should(code: str, act: str) -> None:
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    assert [act_of(call, {"files"}) for call in calls] == [act]
