"""The machine that becomes the image: Packer starts it, fills it, seals it and turns it off.

Owns Packer's command line, reading what it says, and the words for what went wrong. Refuses to
write anywhere but below the build's folders; Packer and QEMU end with us, whatever way.
"""

from __future__ import annotations

from pathlib import Path

from agent.errors import MachineError
from agent.host import files, trees
from agent.host.streaming import Program, run_long
from packer.golden import digests, seed
from packer.golden.build import Build
from packer.golden.inside.words import Said, heard
from packer.golden.packer_words import PackerWords
from packer.golden.template_text import TEMPLATE, render
from packer.program import program

_SILENT = 600.0  # seconds without a word; a sealing machine says nothing to Packer
_STDERR = "Qemu stderr:"
_MACHINES = {
    "amd64": ("qemu-system-x86_64", "q35", "bios-256k.bin"),
    "arm64": ("qemu-system-aarch64", "virt", "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"),
}
# Pointer authentication in software costs half of the time; KVM does not know the switch.
_PROCESSORS = {("arm64", "tcg"): "max,pauth-impdef=on"}


def prepare(build: Build, upload: list[Path]) -> str:
    """Template, seed, key, and what is uploaded; then Packer's own judgement of all four sources.

    Raises MachineError and FileFailure.
    """
    places = build.places
    files.ensure_folder(places.packer)
    files.ensure_folder(places.upload)
    for name, text in render("1.6").items():
        files.replace(places.packer / name, text.encode())
    files.replace(places.upload / "install.sh", files.read_bytes(TEMPLATE / "install.sh"))
    for path in upload:
        if path.parent != places.upload:
            copy = ["cp", "--reflink=auto", str(path), str(places.upload / _plain(path.name))]
            program(build.host, copy, timeout=300)
    seed.make(places.secret, places.packer / "seed")
    validate = ["packer", "validate", *variables(build), "golden.pkr.hcl"]
    done = program(build.host, validate, timeout=60, env=_environment(build), cwd=places.packer)
    return done.stdout.strip()


def run(build: Build) -> Path:
    """The disk as the machine left it. Raises MachineError."""
    places = build.places
    made = places.work / "machine"
    trees.remove(made)
    # QEMU writes to what is there. A console may say more than everybody should read.
    files.replace(places.serial, b"", mode=0o600)
    words = PackerWords(build.told.note)
    argv = ["packer", "build", "-machine-readable", "-only=qemu.golden", *variables(build),
            "golden.pkr.hcl"]  # fmt: skip
    packer = Program(argv, _environment(build), cwd=places.packer)
    done = run_long(packer, silent=_SILENT, listen=words.line)
    files.replace(places.out / "packer.log", ("\n".join(words.lines) + "\n").encode())
    if done.timed_out:
        raise _failed(build, f"Packer said nothing for {_SILENT:.0f} s")
    if not done.ok:
        raise _failed(build, _of_qemu(places.packer / "debug.log") or words.why() or done.reason)
    sealed = _sealed(places.serial)
    for each in sealed:
        build.told.note(f"{each.inside}: {each.words} ({each.seconds} s)")
    if not any(each.inside == "all" for each in sealed):
        last = f"{sealed[-1].inside} {sealed[-1].words}" if sealed else "it said nothing"
        raise _failed(build, f"it went off before it was sealed: {last}")
    return made / "golden.qcow2"


def _of_qemu(log: Path) -> str:
    """QEMU's complaints, which Packer tells nobody."""
    text = log.read_text(errors="replace") if log.is_file() else ""
    said = [line.partition(_STDERR)[2].strip() for line in text.splitlines() if _STDERR in line]
    return "; ".join(line for line in said[:3] if line)


def _sealed(serial: Path) -> list[Said]:
    if not serial.is_file():
        return []
    text = serial.read_text(errors="replace")
    found = [heard(line) for line in text.splitlines()]
    return [each for each in found if each is not None]


def variables(build: Build) -> list[str]:
    """The template's variables for this build, as switches."""
    places = build.places
    wanted = build.wanted
    binary, kind, firmware = _MACHINES[wanted.architecture]
    values = {
        "release": build.stem.replace(".", "-"),
        "upload": str(places.upload),
        "base_image": str(build.base_disk),
        "base_checksum": f"sha256:{digests.of_file(build.base_disk)}",
        "build_key": str(places.secret / "build-key"),
        "seed": str(places.packer / "seed"),
        "output": str(places.work / "machine"),
        "serial_log": str(places.serial),
        "accelerator": wanted.accelerator,
        "architecture": wanted.architecture,
        "qemu_binary": binary,
        "machine_type": kind,
        "processor": _PROCESSORS.get((wanted.architecture, wanted.accelerator), "max"),
        "firmware": firmware,
    }
    return [f"-var={name}={value}" for name, value in values.items()]


def _environment(build: Build) -> dict[str, str]:
    home = build.places.packer
    return {
        "HOME": str(home),
        "PACKER_CONFIG_DIR": str(home),
        "PACKER_CACHE_DIR": str(home / "cache"),
        "PACKER_NO_COLOR": "1",
        "PACKER_LOG": "1",  # the only place where it keeps QEMU's own words
        "PACKER_LOG_PATH": str(home / "debug.log"),
        "CHECKPOINT_DISABLE": "1",  # it asks its maker for a newer version else
        "TMPDIR": str(build.places.work),
    }


def _failed(build: Build, why: str) -> MachineError:
    return MachineError("build-failed", f"the machine that becomes the image: {why}",
                        hint=f"tail -n 40 {build.places.serial}")  # fmt: skip


def _plain(name: str) -> str:
    """Without the key that the cache knows it by."""
    kind, dash, _ = name.partition("-")
    return f"{kind}.tar.zst" if dash else name
