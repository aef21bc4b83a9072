"""Collectors of the running machine give the files that the reference page promises."""

import json
from pathlib import Path

import msgspec

from agent.history import Change, History, Sample
from agent.host.spawn import Completed
from agent.ledger import Ledger
from support.collectors import (
    ceilings,
    changes,
    clock,
    crashes,
    cron,
    environment,
    health,
    kernel,
    ledger,
    memory,
    processes,
    samples,
    security,
    systemd,
)
from support.collectors.document import columns
from tests.scripted_host import NOW, timed_out
from tests.unit.support_machine import gather, machine, put, read, rows


def test_the_verdict_is_asked_of_the_daemon_and_else_read_from_its_file(root: Path) -> None:
    scene, host = machine(root)
    report = {"at": NOW - 30, "ready": "fail", "checks": []}
    body = msgspec.json.encode(report)
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    host.network.peers[str(scene.layout.api_socket)] = [head + body]
    found, broken = gather(health.COLLECTOR, scene)
    assert read(found, "health/verdict.json") == {"from": "api", "age": 30.0, "report": report}
    assert not broken

    host.network.peers[str(scene.layout.api_socket)] = ConnectionRefusedError()
    put(root, "run/caretaker/status.json", json.dumps(report))
    found, _ = gather(health.COLLECTOR, scene)
    assert read(found, "health/verdict.json")["from"] == "status.json"


def test_without_a_daemon_the_rest_of_health_arrives(root: Path) -> None:
    scene, host = machine(root)
    host.network.peers[str(scene.layout.api_socket)] = FileNotFoundError()
    scene.layout.agent_state.mkdir(parents=True)
    change = Change(NOW - 10, "ready", "pass", "fail", "port-closed", "nobody listens")
    old = msgspec.structs.replace(change, at=NOW - 90000)
    History(scene.layout.history, 1 << 20).add(changes=(old, change))
    put(root, "var/lib/caretaker/agent/modes.json", '{"drained": null}')
    found, broken = gather(health.COLLECTOR, scene)
    assert list(broken) == ["health/verdict.json"]
    assert rows(found, "health/changes.jsonl") == [msgspec.to_builtins(change)]
    assert read(found, "health/modes.json") == {"drained": None}


def test_both_ledgers_are_one_in_order_and_a_broken_one_costs_itself(root: Path) -> None:
    scene, host = machine(root)
    layout = scene.layout
    layout.agent_state.mkdir(parents=True)
    host.clock.step(-20)
    Ledger(layout.ledger, host.clock).write("upgrade", target="2.1.0", why="asked")
    host.clock.step(10)
    Ledger(layout.agent_ledger, host.clock).write("restart", target="web", outcome="failed")
    host.clock.step(10)
    found, _ = gather(ledger.COLLECTOR, scene)
    told = rows(found, "ledger/ledger.jsonl")
    assert [(each["by"], each["act"], each["at"]) for each in told] == [
        ("root", "upgrade", NOW - 20),
        ("daemon", "restart", NOW - 10),
    ]
    layout.agent_ledger.write_bytes(b"no database at all" * 100)
    told = rows(gather(ledger.COLLECTOR, scene)[0], "ledger/ledger.jsonl")
    assert [each["act"] for each in told] == ["upgrade", "read"]
    assert told[-1]["outcome"] == "failed"


def test_changes_tell_what_is_there_and_what_is_not(root: Path) -> None:
    scene, _ = machine(root)
    put(root, "var/lib/caretaker/change.json", '{"kind": "upgrade"}')
    put(root, "opt/shop/releases/2.1.0-abc/x", "")
    found, broken = gather(changes.COLLECTOR, scene)
    assert not broken
    assert read(found, "changes/change.json") == {"kind": "upgrade"}
    told = read(found, "changes/deployments.json")
    assert told["active"] is None
    assert [each["name"] for each in told["releases"]] == ["2.1.0-abc"]
    assert read(found, "changes/trust.json")["trust"] == []


UNITS = """shop-web.service loaded failed failed The shop
caretaker.service loaded active running Caretaker
ssh.service loaded active running OpenBSD Secure Shell server
apt-daily.timer loaded active waiting Daily apt
"""


def shown(argv: tuple[str, ...]) -> Completed:
    units = argv[argv.index("--") + 1 :]
    if "ActiveEnterTimestampMonotonic" in argv[2] and "NRestarts" not in argv[2]:
        moments = {"ssh.service": (1_000_000, 3_500_000)}
        told = (
            f"Id={unit}\nInactiveExitTimestampMonotonic={moments.get(unit, (0, 0))[0]}\n"
            f"ActiveEnterTimestampMonotonic={moments.get(unit, (0, 0))[1]}"
            for unit in units
        )
        return Completed(argv, 0, "\n\n".join(told) + "\n", "", 0.01)
    blocks = [
        f"Id={unit}\nNRestarts=4\nMemoryCurrent=[not set]\nTasksMax=18446744073709551615\n"
        f"Result=exit-code\nConditionResult=yes"
        for unit in units
    ]
    return Completed(argv, 0, "\n\n".join(blocks) + "\n", "", 0.01)


def test_units_of_ours_and_failed_ones_are_told_in_detail(root: Path) -> None:
    scene, host = machine(root)
    host.programs["systemctl", "list-units"] = UNITS
    host.programs["systemctl", "show"] = shown
    put(root, "etc/systemd/system/multi-user.target.wants/ssh.service", "")
    (root / "etc/systemd/system/bad.service").symlink_to("/dev/null")
    host.programs["systemctl", "list-jobs"] = "No jobs running.\n"
    host.programs["systemd-analyze",] = "Startup finished in 2s\n"
    found, broken = gather(systemd.COLLECTOR, scene)
    assert not broken
    assert read(found, "systemd/units.json")[2] == {
        "unit": "ssh.service", "load": "loaded", "active": "active", "sub": "running",
        "description": "OpenBSD Secure Shell server",
    }  # fmt: skip
    told = {each["Id"]: each for each in read(found, "systemd/services.json")}
    assert set(told) == {
        "shop-web.service", "postgresql.service", "shop.target", "caretaker.service"
    }  # fmt: skip
    assert told["shop-web.service"]["service"] == "web"
    assert told["shop-web.service"]["NRestarts"] == 4
    assert told["shop-web.service"]["MemoryCurrent"] is None
    assert told["shop-web.service"]["TasksMax"] is None
    assert [each["Id"] for each in read(found, "systemd/timers.json")] == ["apt-daily.timer"]
    enabled = read(found, "systemd/enabled.json")
    assert enabled["wanted"] == {"multi-user.target.wants": ["ssh.service"]}
    assert enabled["masked"] == ["bad.service"]
    assert read(found, "systemd/boot.json") == {
        "said": "Startup finished in 2s",
        "units": [{"unit": "ssh.service", "seconds": 2.5, "begun": 1.0}],
    }


def test_a_silent_systemctl_is_waited_for_once(root: Path) -> None:
    scene, host = machine(root)
    host.programs["systemctl",] = lambda argv: timed_out(argv, 3.0)
    host.programs["systemd-analyze",] = lambda argv: timed_out(argv, 3.0)
    found, broken = gather(systemd.COLLECTOR, scene)
    assert [each[0] for each in host.asked] == ["systemctl", "systemd-analyze"]
    assert found["systemd/jobs.txt"] == b"no answer: systemctl\n"
    assert "systemd/services.json" in broken


def test_without_systemd_there_is_nothing_to_ask(root: Path) -> None:
    scene, host = machine(root, booted=False)
    assert list(gather(systemd.COLLECTOR, scene)[0]) == ["systemd/enabled.json"]
    assert not host.asked


def test_memory_in_bytes_with_pressure_and_groups(root: Path) -> None:
    scene, _ = machine(root)
    found, broken = gather(memory.COLLECTOR, scene)
    assert not broken
    told = read(found, "system/memory.json")
    assert told["meminfo"]["MemTotal"] == 4096 << 10
    assert told["meminfo"]["HugePages_Total"] == 0
    assert told["swaps"] == [
        {"path": "/dev/vdb", "kind": "partition", "size": 2048 << 10, "used": 512 << 10}
    ]
    assert told["pressure"]["memory"]["some"]["avg10"] == 1.5
    assert told["vmstat"] == {"oom_kill": 3, "pgmajfault": 12, "allocstall_dma": 1}
    (group,) = read(found, "system/cgroups.json")
    assert group["path"] == "/system.slice/shop-web.service"
    assert group["max"] is None
    assert group["events"]["oom_kill"] == 2
    assert found["system/pressure.txt"].startswith(b"== memory\nsome avg10")


def test_processes_as_columns_with_their_arguments(root: Path) -> None:
    scene, _ = machine(root)
    found, _ = gather(processes.COLLECTOR, scene)
    head, web, kernel_thread = found["system/processes.txt"].decode().splitlines()
    assert head.split()[-1] == "COMMAND"
    assert web.split()[0] == "7"
    assert web.endswith("  /opt/shop/web --port 8080")
    assert kernel_thread.endswith("[kthreadd]")
    told = read(found, "system/top.json")
    assert told["count"] == 2
    assert told["by_cpu"][0] == {
        "pid": 7, "user": told["by_cpu"][0]["user"], "name": "we b)", "resident": 256 * 4096,
        "cpu_seconds": 3.0, "unit": "shop-web.service",
    }  # fmt: skip


def test_samples_of_the_window_and_nothing_that_is_no_number(root: Path) -> None:
    scene, _ = machine(root)
    scene.layout.agent_state.mkdir(parents=True)
    history = History(scene.layout.history, 1 << 20)
    history.add(sample=Sample(NOW - 90000, {"load_1m": 9.0}))
    history.add(sample=Sample(NOW - 60, {"load_1m": 0.12345, "memory_total_bytes": 4096.0}))
    put(root, "var/lib/caretaker/samples/samples.jsonl", '{"at": "2026"}\n')
    found, _ = gather(samples.COLLECTOR, scene)
    assert rows(found, "samples/samples.jsonl") == [
        {"at": NOW - 60, "load_1m": 0.12, "memory_total_bytes": 4096}
    ]
    assert rows(found, "samples/hourly.jsonl") == [{"at": "2026"}]


def test_limits_of_the_services_processes(root: Path) -> None:
    scene, _ = machine(root)
    told = read(gather(ceilings.COLLECTOR, scene)[0], "system/limits.json")
    assert told["files"]["open"] == 2048
    assert told["threads"] == {"now": 345, "max": 31000}
    (web,) = told["processes"]
    assert (web["pid"], web["open_files"]) == (7, 2)
    assert web["limits"]["Max open files"] == [1024, None, "files"]


def test_the_clock_beside_its_chip_and_who_keeps_it(root: Path) -> None:
    scene, host = machine(root)
    host.programs["chronyc",] = "Stratum : 3\n"
    found, _ = gather(clock.COLLECTOR, scene)
    told = read(found, "time/clock.json")
    assert told["source"] == "chronyd"
    assert told["synchronised"] is True
    assert told["rtc_offset_seconds"] == 100.0
    assert found["time/timedatectl.txt"] == b"not installed: timedatectl\n"
    assert b"== chronyc -n tracking" in found["time/chrony.txt"]


def test_the_kernel_and_why_it_is_tainted(root: Path) -> None:
    scene, host = machine(root)
    host.programs["dmesg",] = "[    0.000000] Linux\n"
    found, _ = gather(kernel.COLLECTOR, scene)
    told = read(found, "kernel/kernel.json")
    assert told["release"] == "6.1.0-18-amd64"
    assert told["tainted_by"] == ["proprietary module", "out-of-tree module"]
    assert b"vm.swappiness = 60\n" in found["kernel/sysctl.txt"]
    assert found["kernel/dmesg.txt"] == b"[    0.000000] Linux\n"


JOURNAL = """\
1795247000.500000 shop-1 kernel: Out of memory: Killed process 812 (java) total-vm:1kB
1795247001.000000 shop-1 kernel: web[7]: segfault at 0 ip 00 sp 00 error 4 in web
1795247002.000000 shop-1 kernel: usb 1-1: new device
1795247003.000000 shop-1 systemd[1]: shop-web.service: A process of this unit has been killed by\
 the OOM killer.
1795247004.000000 shop-1 kernel: EXT4-fs error (device vda1): bad block
"""


def test_what_the_kernel_complained_of_with_program_and_time(root: Path) -> None:
    scene, host = machine(root)
    put(root, "var/log/journal/abc/system.journal", "")
    host.programs["journalctl",] = JOURNAL
    core = "core.web.998.0123456789abcdef0123456789abcdef.7.1795247000000000.zst"
    put(root, f"var/lib/systemd/coredump/{core}", b"secret memory")
    found, _ = gather(crashes.COLLECTOR, scene)
    told = rows(found, "crashes/kernel.jsonl")
    assert [(each["kind"], each["program"], each["pid"]) for each in told] == [
        ("oom", "java", 812), ("segfault", "web", 7), ("oom", "", None), ("filesystem", "", None)
    ]  # fmt: skip
    assert told[0]["at"] == 1795247000.5
    assert told[2]["unit"] == "shop-web.service"
    (dump,) = read(found, "crashes/dumps.json")
    assert (dump["program"], dump["uid"], dump["pid"], dump["size"]) == ("web", 998, 7, 13)
    assert not any(b"secret memory" in content for content in found.values())
    assert found["crashes/coredumpctl.txt"] == b"not installed: coredumpctl\n"


def test_without_a_journal_the_kernel_is_asked_what_it_remembers(root: Path) -> None:
    scene, host = machine(root)
    host.programs["dmesg",] = "[  600.250000] Out of memory: Killed process 3 (x)\n"
    (told,) = rows(gather(crashes.COLLECTOR, scene)[0], "crashes/kernel.jsonl")
    assert told["at"] == NOW - host.clock.ticks + 600.25


def test_system_and_machine_without_serial_numbers(root: Path) -> None:
    scene, _ = machine(root)
    put(root, "usr/lib/os-release", 'ID=debian\nPRETTY_NAME="Debian 12"\n')
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc/os-release").symlink_to("../usr/lib/os-release")
    (root / "etc/localtime").symlink_to("/usr/share/zoneinfo/Europe/Berlin")
    told = read(gather(environment.COLLECTOR, scene)[0], "system/environment.json")
    assert told["os"] == {"ID": "debian", "PRETTY_NAME": "Debian 12"}
    assert told["zone"] == "Europe/Berlin"
    assert told["cpu"]["model"] == "Made Up 9000"
    assert told["cpu"]["flags"] == ["aes", "avx2", "hypervisor"]
    assert told["virtualisation"] is None


def test_guards_and_names_of_sudoers_only(root: Path) -> None:
    scene, _ = machine(root)
    put(root, "etc/sudoers.d/ops", "ops ALL=(ALL) NOPASSWD: ALL\n", 0o440)
    found, _ = gather(security.COLLECTOR, scene)
    told = read(found, "security/security.json")
    assert told["apparmor"] == {"enabled": True, "profiles": {"enforce": 2, "complain": 1}}
    assert told["secure_boot"] is None
    (sudo,) = read(found, "security/sudoers.json")
    assert (sudo["path"], sudo["mode"]) == ("/etc/sudoers.d/ops", "0440")
    assert b"NOPASSWD" not in b"".join(found.values())


def test_cron_of_the_system_and_whose_crontabs_there_are(root: Path) -> None:
    scene, _ = machine(root)
    put(root, "etc/cron.d/shop", "* * * * * shop /opt/shop/tick\n")
    put(root, "var/spool/cron/crontabs/anna", "* * * * * private\n", 0o600)
    found, _ = gather(cron.COLLECTOR, scene)
    assert found["cron/cron.d/shop"].startswith(b"* * *")
    assert [each["name"] for each in read(found, "cron/crontabs.json")] == ["anna"]
    assert b"private" not in b"".join(found.values())


def test_columns_hold_whatever_a_process_calls_itself() -> None:
    text = columns(("PID", "NAME", "COMMAND"), [(1, "a  b\n", "x  y\x1b[31m"), (22, "", "z")])
    assert text.decode().splitlines() == [
        "PID  NAME  COMMAND",
        "1    a b   x  y [31m",
        "22   -     z",
    ]
