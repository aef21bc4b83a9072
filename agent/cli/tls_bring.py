"""`caretaker tls import` and `csr`: a certificate that the customer brings.

Owns reading what was named on the command line, safely, and saying what is wrong with it before
anything is touched. Refuses passwords on the command line: every user of the machine sees those.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import click
from cryptography import x509

from agent.cli.saying import plain
from agent.cli.tls_act import Act, acting
from agent.errors import RefusedError, UsageError
from agent.host import files, permissions
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.tls import brought, customs, reading, renewal, request
from agent.tls.brought import Brought
from agent.tls.wanted import Wanted

_CAP = 1 << 20  # bytes; a chain has some ten thousand
_ROOTS = "/etc/ssl/certs/ca-certificates.crt"
_FILE = click.Path(path_type=Path)


@click.command("import")
@click.argument("name")
@click.option(
    "--cert", type=_FILE, metavar="FILE", help="The certificate, PEM; may hold the chain."
)
@click.option("--key", type=_FILE, metavar="FILE", help="Its key, PEM; left out: the one of `csr`.")
@click.option("--chain", type=_FILE, metavar="FILE", help="The certificates above it, PEM.")
@click.option("--pkcs12", type=_FILE, metavar="FILE", help="Or all of it in one PKCS#12 file.")
@click.option("--password-file", type=_FILE, metavar="FILE", help="The PKCS#12 file's password.")
@click.option("--force", is_flag=True, help="Also if it is not valid for the declared names.")
@click.pass_obj
def import_(
    layout: Layout, name: str, *, cert: Path | None, key: Path | None, chain: Path | None,
    pkcs12: Path | None, password_file: Path | None, force: bool,
) -> None:  # fmt: skip
    """Serve NAME with a certificate of your own.

    Everything is checked before anything is touched: the key belongs to it, the chain is put in
    its order, names, dates and strength are right. Then its services reload it and its port is
    asked for it; if the port does not show it, the one before comes back. Yours is never
    overwritten from then on. Without a terminal, give a PKCS#12 file's password by
    --password-file.

    \b
    sudo caretaker tls import main --cert full.pem --key key.pem
    sudo caretaker tls import main --cert main.pem --chain intermediate.pem   (after `csr`)
    sudo caretaker tls import main --pkcs12 main.pfx
    """
    _one_way(cert, key, chain, pkcs12, password_file)
    cautions: list[str] = []
    with acting(layout, "import", name) as act:
        roots = _roots(act)
        if pkcs12 is not None:
            content = _read(pkcs12)
            pair = brought.from_pkcs12(content, _password(password_file), roots)
        else:
            assert cert is not None
            secret = _read(key) if key else _waiting(act.wanted)
            above = _read(chain) if chain else b""
            pair = brought.from_pem(_read(cert), secret, above, roots)
        cautions += _exposed(key or pkcs12)
        cautions += _examined(pair, act.wanted, force=force)
        act.told = renewal.put_in_use(act.wanted, pair.issued(), act.scene.services)
        request.forget_request(act.wanted)
    for caution in cautions:
        click.secho(f"mind: {plain(caution)}", fg="yellow", err=True)
    click.echo(f"{name}: {act.told}")


@click.command()
@click.argument("name")
@click.option("--name", "names", multiple=True, metavar="HOST", help="A name to ask for; several.")
@click.option("--output", type=_FILE, metavar="FILE", help="Write it there, not to the screen.")
@click.option("--new-key", is_flag=True, help="Throw away the key of a request made before.")
@click.pass_obj
def csr(
    layout: Layout, name: str, *, names: tuple[str, ...], output: Path | None, new_key: bool
) -> None:
    """Make a key, and print a request for NAME.

    The key stays on this machine. Have the request signed by your authority, then import the
    answer without a key. Asked for again, the request is for the same key.

    \b
    sudo caretaker tls csr main --output main.csr
    sudo caretaker tls import main --cert main.pem --chain intermediate.pem
    """
    with acting(layout, "csr", name) as act:
        wanted = act.wanted
        asked = list(names) or wanted.declared or [wanted.host.network.host_name()]
        content = request.make_request(wanted, asked, fresh=new_key)
        act.told = f"a request for {', '.join(asked)}"
        if output is not None:
            files.replace(output.absolute(), content)
    if output is None:
        click.echo(content.decode(), nl=False)
    click.echo(f"the key stays in {request.key_file(wanted)}; next, with what comes back:\n"
               f"  sudo caretaker tls import {name} --cert FILE", err=True)  # fmt: skip


def _one_way(
    cert: Path | None, key: Path | None, chain: Path | None, pkcs12: Path | None,
    password: Path | None,
) -> None:  # fmt: skip
    hint = "caretaker tls import --help"
    if (cert is None) == (pkcs12 is None):
        raise UsageError("usage", "give --cert or --pkcs12, one of them", hint=hint)
    if pkcs12 is not None and (key or chain):
        raise UsageError("usage", "a PKCS#12 file brings its own key and chain", hint=hint)
    if password is not None and pkcs12 is None:
        raise UsageError("usage", "--password-file is for a PKCS#12 file", hint=hint)


def _read(path: Path) -> bytes:
    """A file that a person named: links are theirs to make; pipes and devices are refused."""
    try:
        return files.read_bytes(path.resolve(strict=True), cap=_CAP)
    except FileNotFoundError:
        message = f"there is no file {path}"
        raise UsageError("file-unreadable", message, hint=f"ls -l {path}") from None
    except (FileFailure, OSError, RuntimeError) as error:
        raise UsageError("file-unreadable", str(error), hint=f"ls -lL {path}") from error


def _waiting(wanted: Wanted) -> bytes:
    path = request.key_file(wanted)
    try:
        return files.read_bytes(path)
    except (FileNotFoundError, FileFailure):
        raise UsageError(
            "usage", f"give --key: no request of {wanted.name} waits for its certificate",
            hint=f"caretaker tls csr {wanted.name}",
        ) from None  # fmt: skip


def _password(path: Path | None) -> bytes | None:
    if path is not None:
        return _read(path).rstrip(b"\r\n") or None
    if not sys.stdin.isatty():
        return None
    asked: str = click.prompt("Password of the PKCS#12 file", hide_input=True, default="",
                              show_default=False, err=True)  # fmt: skip
    return asked.encode() or None


def _examined(pair: Brought, wanted: Wanted, *, force: bool) -> list[str]:
    verdict = customs.examine(pair, wanted)
    refusals = [*verdict.refusals, *(() if force else verdict.forceable)]
    if refusals:
        only_names = not verdict.refusals
        raise RefusedError(
            "certificate-invalid",
            f"nothing was changed; this certificate can't serve {wanted.name}: "
            + "; ".join(refusals),
            hint="the same with --force, if clients use other names" if only_names
            else f"caretaker tls csr {wanted.name}  # and have it signed anew",
        )  # fmt: skip
    return [*verdict.warnings, *(verdict.forceable if force else ())]


def _exposed(path: Path | None) -> list[str]:
    facts = permissions.read(path.resolve()) if path else None
    if facts is None or not facts.mode & 0o077:
        return []
    return [f"{path} may be read by others (mode {facts.mode:o}): chmod 600 it, or remove it"]


def _roots(act: Act) -> list[x509.Certificate]:
    """What this machine trusts, to find the root above a chain; none where that can't be read."""
    try:
        content = files.read_bytes(act.scene.host.path(_ROOTS).resolve())
        with warnings.catch_warnings():
            # A root of the system's with an odd serial is no business of whoever imports.
            warnings.simplefilter("ignore")
            return reading.roots_in(content)
    except (OSError, FileFailure, RuntimeError, *reading.UNPARSED):
        return []
