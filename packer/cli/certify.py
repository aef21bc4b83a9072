"""`caretaker certify`: what marketplaces check, checked first."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from agent.cli import release_passphrases as passphrases
from agent.cli.saying import plain, sign, word
from agent.errors import UsageError
from agent.layout import Layout
from agent.manifest.suggest import suggestion
from packer.certify.certifying import FORMATS, certify, refuse, write
from packer.certify.report.record import Report, RuleTold
from packer.certify.report.words import evidence, subject, summary
from packer.certify.rule import TARGETS, Rule, Target
from packer.certify.rules import RULES
from packer.cli.certify_list import told as list_told
from packer.cli.image_sign import asking
from packer.signing.opening import open_signer
from packer.signing.signer import Signer

_TARGETS = click.Choice([*TARGETS, "all"])
_PLACE = click.Path(path_type=Path, exists=True)
_FORMS = {".html": "html", ".md": "markdown", ".sarif": "sarif", ".xml": "junit"}
_SIGNS = {"fail": "fail", "error": "fail", "warn": "warn"}


@click.command()
@click.option("--target", "wanted", type=_TARGETS, multiple=True, default=("all",),
              show_default=True, help="For this marketplace; give it again for more.")  # fmt: skip
@click.option("--root", "root", type=_PLACE, metavar="DIR", help="A folder that holds a system.")
@click.option("--image", "image", type=_PLACE, metavar="FILE",
              help="A disk (raw, qcow2, VHD, Google's tar.gz) or a tar of a system.")  # fmt: skip
@click.option("--only", multiple=True, metavar="ID", help="Only this rule, or all of a kind: SSH.")
@click.option("--list", "listing", is_flag=True, help="Show the rules and where they come from.")
@click.option("--json", "form", flag_value="json", help="Print everything as JSON.")
@click.option("--sarif", "form", flag_value="sarif", help="Print SARIF 2.1.0.")
@click.option("--junit", "form", flag_value="junit", help="Print JUnit's XML.")
@click.option("--html", "form", flag_value="html", help="Print the checklist as one page.")
@click.option("--markdown", "form", flag_value="markdown", help="Print it in Markdown.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE",
              help="Write it there; as FILE ends where no form is named, else JSON.")  # fmt: skip
@click.option("--key", metavar="KEY", help="Sign that file: FILE.sig stands beside it then.")
@passphrases.OPTION
@click.pass_obj
def command(
    layout: Layout, *, wanted: tuple[str, ...], root: Path | None, image: Path | None,
    only: tuple[str, ...], listing: bool, form: str | None, output: Path | None, key: str | None,
    files: tuple[Path, ...],
) -> None:  # fmt: skip
    """Check an image, or this machine, as marketplaces do. Exit status 7 if something fails.

    Nothing is mounted, run or changed, and root is only needed where files are root's: a disk
    image is read as any file is. Warnings fail nothing.

    \b
    caretaker certify --image golden.qcow2
    caretaker certify --image golden.raw --target azure --html --output azure.html --key image.pem
    caretaker certify --root /mnt --only SSH --only CRED-01
    sudo caretaker certify                                      this machine, as it runs
    caretaker certify --list --target aws
    """
    targets: tuple[Target, ...] = tuple(t for t in TARGETS if "all" in wanted or t in wanted)
    rules = _chosen(only)
    if listing:
        click.echo(list_told(rules, targets, as_json=form == "json"), nl=False)
        return
    if root and image:
        raise UsageError("usage", "--root and --image both say what to look at", hint="give one")
    if key and not output:
        message = "--key signs a file, and none is written"
        raise UsageError("usage", message, hint=f"add --output certify.{form or 'json'}")
    # A key that does not open is told before minutes of reading.
    signer = open_signer(key, asking(files)) if key else None
    report = certify(image or root or layout.root, rules, targets)
    _put_out(report, form, output, signer)
    refuse(report)


def _chosen(only: tuple[str, ...]) -> tuple[Rule, ...]:
    names = [name.upper() for name in only]
    found = tuple(r for r in RULES if not names or any(_is_meant(r.id, n) for n in names))
    for name in names:
        if not any(_is_meant(rule.id, name) for rule in RULES):
            hint, near = "caretaker certify --list", suggestion(name, [rule.id for rule in RULES])
            raise UsageError("usage", f"there is no rule {plain(name)}{near}", hint=hint)
    return found


def _is_meant(rule: str, name: str) -> bool:
    return rule == name or rule.startswith(f"{name}-")


def _put_out(report: Report, form: str | None, output: Path | None, signer: Signer | None) -> None:
    if output is None:
        if form is None:
            _tell(report)
        else:
            text = FORMATS[form][1](report)
            sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
            sys.stdout.flush()
        return
    form = form or _FORMS.get(output.suffix, "json")
    for path in write(FORMATS[form][1](report), output, signer):
        click.echo(f"wrote {plain(str(path))}", err=True)


def _tell(report: Report) -> None:
    """For a person: what fails and how it is mended; of the rest only how many."""
    for name, value in subject(report):
        click.echo(f"{name:<10} {plain(value)}")
    for rule in report.of("fail", "error", "warn"):
        _tell_rule(rule)
    click.echo()
    verdict = word("pass") if report.good else word("fail")
    click.echo(f"{verdict}  {summary(report)}")


def _tell_rule(rule: RuleTold) -> None:
    click.echo()
    click.echo(f"{sign(_SIGNS[rule.verdict])} {rule.id:<8} {plain(rule.title)}  "
               f"({rule.severity}; {', '.join(rule.targets)})")  # fmt: skip
    for line in evidence(rule):
        click.echo(f"    {plain(line)}")
    if rule.verdict != "error":
        click.echo(f"    to mend it: {plain(rule.fix)}")
