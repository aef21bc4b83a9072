"""docs/man/caretaker.1, from the command's own help.

Owns roff: escaping, sections, and what a man page says beyond `--help`. Refuses to repeat help
texts: they are read from click.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import click

from agent.cli.program import VERBS, program

PROJECT = Path(__file__).parent.parent / "pyproject.toml"
BLOCK = "\b"  # click's mark for a paragraph that keeps its lines

HEAD = """\
.SH NAME
caretaker \\- look after the appliance on this machine
.SH SYNOPSIS
.B caretaker
.RB [ \\-\\-root
.IR DIR ]
.I VERB
.RI [ OPTIONS ]
.br
.B /opt/\\fIAPP\\fB/setup.sh
.RI [ OPTIONS ]
.SH DESCRIPTION
Caretaker watches an appliance: an application that its vendor sells as a virtual machine. It tells
load balancers whether the machine may have traffic, shows its admin what is wrong, and sets the
appliance up.
.PP
Looking needs no rights. Acting needs root
.RB ( sudo ),
or the user who started it below a root of its own.
"""

TAIL = """\
.SH EXIT STATUS
.TP
.B 0
Done; healthy.
.TP
.B 2
The command line is wrong.
.TP
.B 3
The manifest or a setting is wrong, or nothing is set up below this root.
.TP
.B 4
The machine did not do it; or the agent does not answer.
.TP
.B 5
Somebody else is at it; try again.
.TP
.B 6
The application is not healthy.
.TP
.B 7
Refused.
.TP
.B 70
A defect of Caretaker itself.
.SH ENVIRONMENT
.TP
.B CARETAKER_ROOT
What
.B \\-\\-root
is where it is left out.
.SH FILES
.TP
.I /etc/caretaker/appliance.toml
The manifest.
.TP
.I /etc/caretaker/settings.toml
The customer's answers. Change one, then run setup again.
.TP
.I /var/lib/caretaker
Ledger, history, state.
.TP
.I /run/caretaker/status.json
The newest report.
.SH SEE ALSO
.BR systemctl (1),
.BR journalctl (1)
"""


def page() -> str:
    """The whole page as roff."""
    version = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"]
    lines = [
        ".\\\" Made by docs/generate.py from the command's help; do not edit.",
        f'.TH CARETAKER 1 "" "caretaker {version}" "Caretaker"',
        HEAD.rstrip(),
        ".SH OPTIONS",
        *_options(click.Context(program, info_name="caretaker")),
    ]
    for section in dict.fromkeys(verb.section for verb in VERBS):
        lines.append(f'.SH "{section.upper()}"')
        for path, command in commands():
            if _section(path) == section:
                lines += _verb(path, command)
    return "\n".join([*lines, TAIL])


def commands() -> Iterator[tuple[list[str], click.Command]]:
    """Every verb of the command, groups before their members: (words, command)."""
    for verb in VERBS:
        command = program.get_command(click.Context(program), verb.name)
        assert command is not None
        yield from _below(["caretaker", verb.name], command)


def _below(path: list[str], command: click.Command) -> Iterator[tuple[list[str], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in sorted(command.list_commands(context)):
            inner = command.get_command(context, name)  # some groups import theirs only now
            assert inner is not None
            yield from _below([*path, name], inner)


def _section(path: list[str]) -> str:
    return next(verb.section for verb in VERBS if verb.name == path[1])


def _verb(path: list[str], command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=" ".join(path))
    words = " ".join([*path[1:], *command.collect_usage_pieces(context)])
    yield f'.SS "{escape(words)}"'
    for number, paragraph in enumerate((command.help or "").split("\n\n")):
        yield from _paragraph(paragraph, first=number == 0)
    yield from _options(context)


def _paragraph(text: str, *, first: bool) -> Iterator[str]:
    if not first:
        yield ".PP"
    if not text.strip().startswith(BLOCK):
        yield escape(" ".join(text.split()))
        return
    yield ".nf"
    yield ".RS 4"
    for line in text.replace(BLOCK, "").strip("\n").splitlines():
        yield escape(line.rstrip())
    yield ".RE"
    yield ".fi"


def _options(context: click.Context) -> Iterator[str]:
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        if isinstance(parameter, click.Option) and record and "--help" not in parameter.opts:
            yield ".TP"
            yield f".B {escape(record[0])}"
            yield escape(" ".join(record[1].split()))


def escape(text: str) -> str:
    """Text as roff shows it unchanged. `\\-` is the minus that can be copied."""
    safe = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("'", "\\(aq")
    return f"\\&{safe}" if safe.startswith((".", "'")) else safe
