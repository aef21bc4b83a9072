"""`systemd`: units, the appliance's own in detail, timers, jobs, and how long the boot took.

Owns what is asked of `systemctl` and its form as JSON. Refuses to act on a unit, and to read
journals (`journal`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.host import glance
from agent.host.failures import HostFailure
from agent.services.names import target_name, unit_name
from support.collectors.collector import FIRST, Collector, Source
from support.collectors.document import value
from support.collectors.programs import Programs
from support.scene import Scene

_SHOWN = (
    "Id,Description,LoadState,LoadError,ActiveState,SubState,UnitFileState,Result,NRestarts,"
    "ExecMainStatus,ExecMainCode,ExecMainPID,MainPID,StatusText,StatusErrno,ControlGroup,"
    "MemoryCurrent,MemoryPeak,MemoryMax,MemoryHigh,TasksCurrent,TasksMax,CPUUsageNSec,"
    "LimitNOFILE,Restart,RestartUSec,StartLimitBurst,StartLimitIntervalUSec,NeedDaemonReload,"
    "FragmentPath,DropInPaths,User,Type,WatchdogUSec,WatchdogTimestamp,ConditionResult,"
    "AssertResult,StateChangeTimestamp,ActiveEnterTimestamp,ActiveExitTimestamp,"
    "InactiveEnterTimestamp,ExecMainStartTimestamp,ExecMainExitTimestamp,OOMPolicy,"
    "Requires"
)
_TIMER = "Id,Unit,ActiveState,LastTriggerUSec,NextElapseUSecRealtime,NextElapseUSecMonotonic,Result"
_ETC = "/etc/systemd/system"
_MOST = 100  # units in detail
_BOOT = "Id,InactiveExitTimestampMonotonic,ActiveEnterTimestampMonotonic"
_MOMENTS = ("InactiveExit", "ActiveEnter")
_STARTED, _SLOWEST = 300, 40  # units asked about, and told


def sources(scene: Scene) -> Iterable[Source]:
    yield value("systemd/enabled.json", "/etc/systemd/system", lambda: _enabled(scene))
    if scene.rescue or not scene.host.systemd.booted():
        return
    ask = Programs(scene)
    units = _units(ask)
    yield value("systemd/units.json", "systemctl list-units --all", lambda: units)
    wanted = {**_ours(scene, [unit["unit"] for unit in units]), **_failed(units)}
    yield value("systemd/services.json", "systemctl show", lambda: _services(ask, wanted))
    yield value("systemd/timers.json", "systemctl show *.timer", lambda: _timers(ask, units))
    yield ask.text("systemd/jobs.txt", ["systemctl", "list-jobs", "--no-pager"])
    yield value("systemd/boot.json", "systemctl show", lambda: _boot(ask, units))


def _units(ask: Programs) -> list[dict[str, str]]:
    """Empty where systemd does not answer; the other files say so."""
    argv = ["systemctl", "list-units", "--all", "--plain", "--no-legend", "--full", "--no-pager"]
    found = []
    for line in ask.out(argv).splitlines():
        words = line.split(None, 4)
        if len(words) >= 4:
            keys = ("unit", "load", "active", "sub", "description")
            found.append(dict(zip(keys, [*words, ""], strict=False)))
    return found


def _ours(scene: Scene, loaded: Sequence[str]) -> dict[str, str | None]:
    """Units of the appliance and of Caretaker, each with its service's name in the manifest."""
    found: dict[str, str | None] = {}
    manifest = scene.manifest
    if manifest is not None:
        found |= {unit_name(manifest, name): name for name in manifest.services}
        found.setdefault(target_name(manifest), None)
    for name in loaded:
        # Slices and devices that carry our name have nothing to tell.
        if name.startswith("caretaker") and name.endswith((".service", ".timer", ".socket")):
            found.setdefault(name, None)
    return found


def _failed(units: Iterable[dict[str, str]]) -> dict[str, str | None]:
    return {unit["unit"]: None for unit in units if unit["active"] == "failed"}


def _services(ask: Programs, wanted: dict[str, str | None]) -> list[dict[str, object]]:
    """What `_failed` names may be ours as well: then the service's name stands."""
    manifest = ask.scene.manifest
    names = {unit_name(manifest, name): name for name in manifest.services} if manifest else {}
    blocks = _shown(ask, _SHOWN, list(wanted)[:_MOST])
    return [
        {"service": names.get(unit), **_numbers(block)}
        for unit, block in zip(wanted, blocks, strict=False)
    ]


def _timers(ask: Programs, units: Iterable[dict[str, str]]) -> list[dict[str, object]]:
    names = [unit["unit"] for unit in units if unit["unit"].endswith(".timer")]
    return [dict(block) for block in _shown(ask, _TIMER, names[:_MOST])]


def _shown(ask: Programs, properties: str, units: Sequence[str]) -> list[dict[str, str]]:
    if not units:
        return []
    done = ask.run(["systemctl", "show", f"--property={properties}", "--", *units])
    if not done.ok:
        raise HostFailure(f"systemctl show: {done.reason}")
    blocks = done.stdout.strip("\n").split("\n\n")
    return [dict(line.partition("=")[::2] for line in block.splitlines()) for block in blocks]


def _numbers(block: dict[str, str]) -> dict[str, object]:
    """Numbers as such; systemd's `[not set]` and its largest number mean that there is none."""
    found: dict[str, object] = {}
    for name, text in block.items():
        if text.isascii() and text.isdigit():
            number = int(text)
            found[name] = None if number == (1 << 64) - 1 else number
        else:
            found[name] = None if text == "[not set]" else text
    return found


def _enabled(scene: Scene) -> object:
    """By the links themselves: `systemctl list-unit-files` costs process 1 half a second."""
    root = scene.layout.root
    wanted: dict[str, list[str]] = {}
    masked: list[str] = []
    for each in glance.entries(root, _ETC):
        path = f"{_ETC}/{each.name}"
        if each.is_folder and each.name.endswith((".wants", ".requires")):
            wanted[each.name] = [one.name for one in glance.entries(root, path)]
        elif glance.link(root, path) == "/dev/null":
            masked.append(each.name)
    return {
        "default": glance.link(root, f"{_ETC}/default.target").rpartition("/")[2],
        "wanted": wanted,
        "masked": masked,
    }


def _boot(ask: Programs, units: Iterable[dict[str, str]]) -> object:
    """What `systemd-analyze blame` says, which has process 1 load every unit there is for it.

    `time` refuses while the boot has not ended, which is worth knowing by itself.
    """
    done = ask.run(["systemd-analyze", "--no-pager", "time"])
    active = [each["unit"] for each in units if each["active"] == "active"]
    asked = [unit for unit in active if unit.endswith((".service", ".mount"))][:_STARTED]
    times = (_started(block) for block in _shown(ask, _BOOT, asked))
    slow = sorted((each for each in times if each), key=lambda each: -each[1])
    return {
        "said": (done.stdout if done.ok else done.reason).strip(),
        "units": [
            {"unit": unit, "seconds": seconds, "begun": begun}
            for unit, seconds, begun in slow[:_SLOWEST]
        ],
    }


def _started(block: dict[str, str]) -> tuple[str, float, float] | None:
    """Unit, how long its start took, and when that began; seconds, since the kernel's start."""
    left, entered = (block.get(f"{name}TimestampMonotonic", "") for name in _MOMENTS)
    if not (left.isdigit() and entered.isdigit()) or not 0 < int(left) <= int(entered):
        return None
    return block.get("Id", ""), round((int(entered) - int(left)) / 1e6, 3), int(left) / 1e6


def guess(scene: Scene) -> int:
    return 60_000 if scene.host.systemd.booted() and not scene.rescue else 1500


COLLECTOR = Collector(
    code="systemd",
    title="units, timers, jobs, boot times",
    reads="systemctl, systemd-analyze, links in /etc/systemd/system",
    sources=sources,
    guess=guess,
    cap=4 << 20,
    priority=FIRST,
)
