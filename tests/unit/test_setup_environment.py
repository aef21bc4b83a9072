"""What runs before our libraries are there: options, place, tool, libraries, distribution, sh."""

import ast
import json
import os
import re
import sys
import tomllib
from pathlib import Path

import pytest

from agent.background import Background
from agent.errors import MachineError, UsageError
from agent.host.clock import Clock
from agent.host.failures import FileFailure
from agent.host.pip import pip_environment
from agent.layout import Layout
from bench.setup.trace import offences
from setup import removal
from setup.console import Console
from setup.environment import libraries as libraries_module
from setup.environment.distribution import SYSTEMS, this_distribution
from setup.environment.libraries import RECORD, Libraries, _content, _launcher
from setup.environment.tool import Tool
from setup.options import read_options
from setup.place import Mode, find_place
from setup.step import Kind, Thing
from tests.scripted_host import ScriptedSystemd

REPOSITORY = Path(__file__).resolve().parents[2]
SH = (REPOSITORY / "setup/setup.sh").read_text()


# --- only the standard library ------------------------------------------------------------------


def imported(path: Path) -> set[str]:
    """What a file imports as it is loaded: functions may wait until the libraries are there."""
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    return found


def test_the_first_python_needs_nothing_but_its_standard_library() -> None:
    pending, seen = {"setup.environment.entry"}, set()
    while pending:
        module = pending.pop()
        seen.add(module)
        path = REPOSITORY / f"{module.replace('.', '/')}.py"
        if not path.exists():
            continue
        for name in imported(path):
            top = name.partition(".")[0]
            if top in ("agent", "setup"):
                pending |= {name} - seen
            else:
                assert top in sys.stdlib_module_names, f"{module} imports {name}"
    assert {"setup.console", "agent.host.spawn", "setup.environment.outline"} <= seen


# --- options and place --------------------------------------------------------------------------


def test_paths_are_made_absolute_and_the_environment_names_a_root(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    options = read_options(["examples/x", "--root=r", "--set", "a=b=c"], {"CARETAKER_ROOT": "/no"})
    assert options.appliance == tmp_path / "examples/x"
    assert options.root == tmp_path / "r"
    assert options.said == (("a", "b=c"),)
    assert read_options([], {"CARETAKER_ROOT": "/srv/x"}).root == Path("/srv/x")


@pytest.mark.parametrize(
    "argv", [["--purge-data"], ["--set", "a"], ["--wait", "-1"], ["--wai", "5"], ["a", "b"]]
)
def test_a_wrong_command_line_ends_with_two(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read_options(argv, {})
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("uid", "booted", "asked", "mode", "root"),
    [
        (0, True, None, Mode.SYSTEMD, "/"),
        (0, True, "/srv/a", Mode.EMBEDDED, "/srv/a"),
        (0, False, None, Mode.EMBEDDED, ".caretaker"),
        (1000, True, None, Mode.EMBEDDED, ".caretaker"),
    ],
)
def test_the_place_fits_who_asks_and_pid_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, uid: int, booted: bool,
    asked: str | None, mode: Mode, root: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("os.geteuid", lambda: uid)
    monkeypatch.chdir(tmp_path)
    place = find_place(Path(asked) if asked else None, systemd=ScriptedSystemd(booted=booted))
    assert place.mode is mode
    assert place.root == (tmp_path / root if root.startswith(".") else Path(root))


def test_the_machine_itself_needs_root_and_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(UsageError, match="you are not root"):
        find_place(Path("/"), systemd=ScriptedSystemd())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder away")
@pytest.mark.parametrize(("owner", "mode"), [(33, 0o755), (0, 0o777), (0, 0o1777)])
def test_root_runs_nothing_where_others_may_write(tmp_path: Path, owner: int, mode: int) -> None:
    folder = tmp_path / "root"
    assert find_place(folder, systemd=ScriptedSystemd()).mode is Mode.EMBEDDED
    folder.mkdir()
    folder.chmod(mode)
    os.chown(folder, owner, owner)
    with pytest.raises(UsageError, match="what root runs") as refused:
        find_place(folder, systemd=ScriptedSystemd())
    assert refused.value.code == "file-unsafe"
    with pytest.raises(UsageError, match="what root runs"):
        Background(Layout(folder), Clock()).start()


# --- the tool -----------------------------------------------------------------------------------


def checkout(folder: Path) -> Path:
    for name, text in {
        "agent/__init__.py": "", "setup/setup.sh": "#!/bin/sh\n", "systemd/x.service": "[Unit]\n",
        "requirements/runtime.lock": "a==1\nb==2\n",
        "pyproject.toml": '[project]\nname = "caretaker"\nversion = "7.1"\n',
    }.items():  # fmt: skip
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_the_tool_is_named_after_its_content(tmp_path: Path) -> None:
    tool = Tool(checkout(tmp_path / "checkout"), tmp_path / "home")
    before = tool.digest()
    (tool.source / "agent/__pycache__").mkdir()
    (tool.source / "agent/__pycache__/x.cpython-311.pyc").write_text("compiled")
    (tool.source / "setup/.setup.sh.swp").write_text("an editor's")
    assert tool.digest() == before
    (tool.source / "agent/__init__.py").write_text("changed = 1\n")
    assert tool.digest() != before


@pytest.mark.real
def test_the_tool_is_installed_and_can_install_itself(tmp_path: Path) -> None:
    tool = Tool(checkout(tmp_path / "checkout"), tmp_path / "home")
    assert tool.need() == "it is not there yet"
    target = tool.install(Path(sys.executable))
    assert tool.need() == ""
    assert target.name == tool.digest()
    assert (target / "caretaker-7.1.dist-info/METADATA").read_text().endswith("Version: 7.1\n")
    inner = Tool(tool.link.resolve(), tool.home)
    assert (inner.need(), inner.digest()) == ("", tool.digest())
    (tool.source / "agent/__init__.py").write_text("changed = 1\n")
    assert tool.need() == "this is another version"
    second = tool.install(Path(sys.executable))
    tool.tidy(keep=None)
    assert sorted((tool.home / "tools").iterdir()) == [second]


# --- the libraries ------------------------------------------------------------------------------


@pytest.fixture
def built(tmp_path: Path) -> Libraries:
    """An environment as a finished build leaves it, with a library of one file."""
    libraries = Libraries(tmp_path / "home", checkout(tmp_path) / "requirements/runtime.lock", "x")
    (libraries.packages / "lib").mkdir(parents=True)
    (libraries.packages / "lib/__init__.py").write_text("x = 1\n")
    (libraries.target / "bin").mkdir()
    (libraries.target / "bin/python").symlink_to(sys.executable)
    libraries.complete(binding="")
    return libraries


def test_an_environment_that_stands_needs_nothing(built: Libraries) -> None:
    assert built.need() == ""
    assert built.count() == 2
    (built.packages / "lib/__pycache__").mkdir()
    (built.packages / "lib/__pycache__/x.pyc").write_text("python writes what it likes")
    assert built.need() == ""


def test_every_damage_is_noticed(built: Libraries) -> None:
    library = built.packages / "lib/__init__.py"
    library.write_text("longer = 'than before'\n")
    assert built.need() == "files in it changed"
    library.unlink()
    assert built.need() == "files in it changed"
    (built.target / "bin/python").unlink()
    (built.target / "bin/python").symlink_to("/usr/bin/python3.4")
    assert built.need() == "its Python is gone"
    (built.target / RECORD).unlink()
    assert built.need() == "an earlier run was interrupted"
    built.link.unlink()
    assert built.need() == "it is not there yet"


def test_another_lock_or_mode_is_another_environment(built: Libraries) -> None:
    other = Libraries(built.home, built.lock, "systemd")
    assert other.key != built.key
    assert other.need() == "libraries or Python changed"
    built.lock.write_text("a==1\nb==3\n")
    assert built.need() == "libraries or Python changed"


def test_content_counts_names_and_sizes(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    before = _content(tmp_path)
    (tmp_path / "b").write_text("")
    assert _content(tmp_path) != before


def test_pip_sees_its_own_settings_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {"HOME": "/h", "PIP_INDEX_URL": "u", "HTTPS_PROXY": "p",
                                       "AWS_SECRET_ACCESS_KEY": "s", "PATH": "/x"})  # fmt: skip
    assert pip_environment() == {
        "HOME": "/h", "PIP_INDEX_URL": "u", "HTTPS_PROXY": "p", "PIP_ROOT_USER_ACTION": "ignore"
    }  # fmt: skip


def test_without_pip_the_build_says_so(built: Libraries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries_module, "pip_wheel", lambda: None)
    with pytest.raises(MachineError, match="no pip"):
        built.build(None, offline=True)


@pytest.mark.real
def test_the_launcher_stands_odd_paths(tmp_path: Path) -> None:
    import subprocess

    folder = tmp_path / 'it\'s a "path" $HOME'
    folder.mkdir()
    python = folder / "python"
    python.symlink_to(sys.executable)
    launcher = folder / "caretaker"
    text = _launcher(python).decode().replace("from agent.__main__ import main",
                                              "main = lambda: print(sys.argv[1:])")  # fmt: skip
    launcher.write_text(text)
    launcher.chmod(0o755)
    done = subprocess.run([launcher, "a b", "c"], capture_output=True, text=True, timeout=20)
    assert done.stdout == "['a b', 'c']\n", done


# --- the distribution ---------------------------------------------------------------------------


def machine_of(folder: Path, text: str) -> Path:
    (folder / "etc").mkdir(parents=True)
    (folder / "etc/os-release").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("os", "version", "manager", "python", "journal"),
    [
        ("debian", "12", "apt-get", "python3-venv", ("python3-systemd",)),
        ("ubuntu", "22.04", "apt-get", "python3.11-venv", ()),
        ("rocky", "9.4", "dnf", "python3.11-pip", ()),
        ("amzn", "2023", "dnf", "python3.11-pip", ()),
    ],
)
def test_packages_are_the_systems_own(
    tmp_path: Path, os: str, version: str, manager: str, python: str, journal: tuple[str, ...]
) -> None:
    found = this_distribution(machine_of(tmp_path, f'ID={os}\nVERSION_ID="{version}"\n'))
    assert found.install[0] == manager
    assert python in found.python
    assert found.journal == journal


def test_only_root_installs_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    found = this_distribution(machine_of(tmp_path, 'ID=debian\nVERSION_ID="12"\n'))
    with pytest.raises(MachineError, match="only root may") as error:
        found.add("python3-venv")
    assert error.value.hint.startswith("sudo apt-get install")


def test_sh_and_the_table_of_systems_say_the_same() -> None:
    table = tomllib.loads(SYSTEMS.read_text())
    text = re.sub(r"\s+", " ", SH.replace("\\\n", " "))
    for family in table["families"].values():
        for word in family["install"] + family["wait_for_lock"]:
            assert word in text, word
        for name, value in family["environment"].items():
            assert f"{name}={value}" in text
    for system in table["systems"]:
        assert " ".join(system["python_packages"]) in text, system["id"]


# --- what is said, and where --------------------------------------------------------------------


def test_a_secret_goes_to_the_terminal_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heard: list[str] = []
    console = Console(log=tmp_path / "log", journal=heard.append)
    console.tell("step", "made 1", outcome="changed")
    console.tell("step", "as it was", outcome="kept")
    console.for_eyes("rosebud", event="secret", value="rosebud")
    assert "rosebud" in capsys.readouterr().out
    assert "rosebud" not in (tmp_path / "log").read_text()
    assert heard == ["made 1"]


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(json=True)
    console.tell("step", "two\nlines", number=1)
    console.for_eyes("x", event="secret", value="y")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [{"event": "step", "number": 1}, {"event": "secret", "value": "y"}]


def test_a_log_that_can_not_be_written_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console(log=tmp_path / "missing/log")
    console.tell("step", "one")
    console.tell("step", "two")
    said = capsys.readouterr()
    assert said.err.count("no log from here on") == 1
    assert said.out == "one\ntwo\n"


# --- taking away --------------------------------------------------------------------------------

THINGS = (
    Thing(Kind.USER, "shop"), Thing(Kind.TREE, "/var/lib/shop", data=True),
    Thing(Kind.FILE, "/etc/x"), Thing(Kind.UNIT, "shop.target"),
)  # fmt: skip


def names(things: tuple[Thing, ...]) -> list[str]:
    return [thing.name for thing in things]


def test_data_and_its_owner_stay_unless_purged() -> None:
    goes, stays = removal.doomed(THINGS, before=[], purge=False)
    assert names(goes) == ["shop.target", "/etc/x"]
    assert names(stays) == ["/var/lib/shop", "shop"]
    goes, stays = removal.doomed(THINGS, before=[], purge=True)
    assert names(goes) == ["shop.target", "/etc/x", "/var/lib/shop", "shop"]
    assert stays == ()


def test_what_stood_before_is_nobodys_to_remove() -> None:
    before = ["user shop", "tree /var/lib/shop", "file /etc/x", "unit shop.target"]
    assert removal.doomed(THINGS, before=before, purge=True) == ((), ())


# --- the trace that judges a plan ---------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        'openat(AT_FDCWD</x>, "/etc/y", O_WRONLY|O_CREAT, 0644) = 3</etc/y>',
        'mkdir("/x", 0755) = 0',
        'write(4</var/log/x>, "a", 1) = 1',
        "fchmod(3</x>, 0644) = 0",
    ],
)
def test_a_trace_with_a_change_is_an_offence(line: str) -> None:
    assert offences([f"123 {line}"]) == [f"123 {line}"]


@pytest.mark.parametrize(
    "line",
    [
        'openat(AT_FDCWD</x>, "/etc/y", O_RDONLY|O_CLOEXEC) = 3</etc/y>',
        'openat(AT_FDCWD</x>, "/dev/null", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</dev/null>',
        'write(1<pipe:[12]>, "a", 1) = 1',
    ],
)
def test_reading_and_speaking_are_none(line: str) -> None:
    assert offences([f"123 {line}"]) == []


def test_staging_refuses_what_can_not_be_read(tmp_path: Path) -> None:
    from agent.host.staging import stage_files

    with pytest.raises(FileFailure):
        stage_files({"a": tmp_path}, tmp_path / "target")
    assert not (tmp_path / "target").exists()
