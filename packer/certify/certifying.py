"""A certification from end to end: open, ask, write down.

Owns the course that the command line and the image build share. Refuses to decide whether a
finding matters: `Report.good` is all or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec

from agent.errors import RefusedError
from agent.host import files
from agent.host.clock import Clock
from agent.host.machine import Host
from packer.certify.beside import parts_lists
from packer.certify.halves import both
from packer.certify.judging import judge
from packer.certify.live import running_now
from packer.certify.opening import open_tree
from packer.certify.report import html, junit, markdown, record, sarif
from packer.certify.report.record import Report
from packer.certify.rule import TARGETS, Rule, Target
from packer.doors import writable
from packer.signing.blob import sign_file
from packer.signing.signer import Signer


def as_json(report: Report) -> str:
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


FORMATS: dict[str, tuple[str, Callable[[Report], str]]] = {
    "json": ("certify.json", as_json),
    "sarif": ("certify.sarif", sarif.render),
    "junit": ("certify-junit.xml", junit.render),
    "html": ("certify.html", html.render),
    "markdown": ("certify.md", markdown.render),
}


def certify(
    path: Path,
    rules: Sequence[Rule],
    targets: Iterable[Target] = TARGETS,
    *,
    clock: Clock | None = None,
    name: str = "",
    digests: dict[str, str] | None = None,
    beside: Path | None = None,
) -> Report:
    """Judge a disk image, an archive, a folder or `/`. Raises CaretakerError `image-invalid`.

    `beside`: the disk's last place, where its papers stand, if that is not `path`.
    """
    with open_tree(path) as subject:
        if subject.tree.kind == "live":
            subject = replace(subject, running=running_now())
        elif subject.tree.kind == "disk":
            subject = replace(subject, beside=parts_lists(beside or path))
        host = Host(clock=clock or Clock())
        course = partial(both, subject, host=host)
        result = judge(subject, rules, targets, clock=host.clock, course=course)
        return record.report(name or _name(path), subject, result, digests)


def write_all(report: Report, folder: Path, signer: Signer | None = None) -> list[Path]:
    """Every format into `folder`, and a signature beside each. Raises CaretakerError."""
    written = []
    for name, render in FORMATS.values():
        written += write(render(report), folder / name, signer)
    return written


def write(text: str, path: Path, signer: Signer | None = None) -> list[Path]:
    """The file, and its signature where there is a key. Raises CaretakerError."""
    with writable(path):
        files.replace(path, text.encode("utf-8", "backslashreplace"))
    return [path, sign_file(path, signer)] if signer is not None else [path]


def refuse(report: Report) -> None:
    """Raises RefusedError `certify-failed` where something stands against a submission."""
    if report.good:
        return
    failed, blind = report.counts["fail"], report.counts["error"]
    told = ", ".join(rule.id for rule in report.of("fail", "error"))
    what = f"{failed} of {len(report.rules)} rules fail"
    if blind:
        what += f", {blind} could not be looked at"
    message = f"{report.subject}: {what}: {told}"
    hint = "mend what is named, then certify again"
    if blind and report.kind in ("live", "folder"):
        hint = "run it again with sudo: what is root's can't be read by others"
    raise RefusedError("certify-failed", message, hint=hint)


def _name(path: Path) -> str:
    return "this machine" if path.resolve() == Path("/") else path.name
