"""Reaching one PostgreSQL database: its URL taken apart, and sessions in it.

Owns the rule that a server elsewhere is reached by verified TLS only, and that no password stands
where others read it: programs get it from a file of their own. Refuses to say a URL in an error,
since what is wrong with one may be its password.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
from psycopg import conninfo

from agent.errors import MachineError, UsageError

SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"
CONNECT = 15  # seconds
_REQUIRE_AUTH = 160000  # libpq's version that knows it
_ESCAPE = str.maketrans({"\\": "\\\\", ":": "\\:"})

# One form of each value on both ends, whatever the servers' own settings are.
PINNED = {
    "search_path": "pg_catalog",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "xmloption": "content",
    "row_security": "off",  # an error where a policy would hide rows from us
    "statement_timeout": "0",
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "0",
}

Session = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Place:
    """One database. `facts` are libpq's own parameters, the password left out."""

    facts: Mapping[str, str]
    password: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        return self.facts.get("dbname", "")

    @property
    def user(self) -> str:
        return self.facts.get("user", "")

    @property
    def server(self) -> str:
        """For people: `db.example:5432`."""
        host, port = self.facts.get("host", ""), self.facts.get("port", "5432")
        return "this machine" if host.startswith("/") else f"{host}:{port}"

    @property
    def address(self) -> str:
        """For people: `db.example:5432/shop`."""
        return f"{self.server}/{self.name}"

    def named(self, name: str) -> Place:
        """Another database of the same server."""
        return replace(self, facts={**self.facts, "dbname": name})

    @property
    def url(self) -> str:
        """As the application gets it, password and all."""
        facts = dict(self.facts)
        user = quote(facts.pop("user", ""), safe="")
        login = f"{user}:{quote(self.password, safe='')}" if self.password else user
        name = quote(facts.pop("dbname", ""), safe="")
        host, port = facts.pop("host", ""), facts.pop("port", "")
        if host.startswith("/"):
            facts["host"] = host
            where = ""
        else:
            where = f"[{host}]" if ":" in host else host
        where += f":{port}" if port else ""
        more = f"?{urlencode(facts)}" if facts else ""
        return f"postgresql://{login}@{where}/{name}{more}"

    def open_url(self, passfile: Path) -> str:
        """The same without the password, for programs; `passfile` has it."""
        shown = replace(self, password="", facts={**self.facts, "passfile": str(passfile)})
        return shown.url

    def passfile_line(self) -> str:
        """For a password file (libpq, "The Password File"); one for every database."""
        facts = self.facts
        words = (facts.get("host", "*"), facts.get("port", "5432"), "*", self.user, self.password)
        return ":".join(word.translate(_ESCAPE) for word in words) + "\n"


def place_of(url: str, *, ca: str = "") -> Place:
    """The place that a URL names, with verified TLS unless it is on this machine.

    `ca` is a file with the authorities to trust; else the URL's own sslrootcert, else the
    system's. Raises UsageError, which never repeats the URL.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise _wrong("it must begin with postgresql://")
    try:
        facts = {key: str(value) for key, value in conninfo.conninfo_to_dict(url).items()}
    except psycopg.Error:
        raise _wrong("libpq can't read it; write special characters as %XX") from None
    password = facts.pop("password", "")
    for key in ("user", "dbname", "host"):
        if not facts.get(key):
            raise _wrong(f"it names no {'database' if key == 'dbname' else key}")
    if "," in facts["host"]:
        raise _wrong("it names several hosts; name the one that takes writes")
    if "sslpassword" in facts:
        # Programs get everything but `password` as arguments, which every user can read.
        raise _wrong("sslpassword would be seen; store the client's key without one, 0600")
    return Place(_with_tls(facts, ca), password)


def _with_tls(facts: dict[str, str], ca: str) -> dict[str, str]:
    # hostaddr is where it really goes, whatever the host is called.
    here = is_here(facts["host"]) and is_here(facts.get("hostaddr") or facts["host"])
    if here and "sslmode" not in facts and not ca:
        return facts
    mode = facts.setdefault("sslmode", "verify-full")
    if mode != "verify-full" and not here:
        raise _wrong(f"sslmode={mode} would take anybody for the server; leave it out")
    if mode == "verify-full":
        facts["sslrootcert"] = ca or facts.get("sslrootcert") or SYSTEM_CA
    return facts


def is_here(host: str) -> bool:
    """Whether it is this machine: a socket, or a loopback address."""
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def session(
    place: Place, *, autocommit: bool = True, settings: Mapping[str, str] = PINNED
) -> Iterator[Session]:
    """A session there. Raises psycopg.OperationalError where there is none to be had."""
    with psycopg.connect(
        conninfo.make_conninfo(
            **{**_guarded(place), **place.facts},
            connect_timeout=CONNECT,
            application_name="caretaker",
        ),
        password=place.password or None,
        autocommit=autocommit,
    ) as opened:
        for key, value in settings.items():
            opened.execute("SELECT pg_catalog.set_config(%s, %s, false)", (key, value))
        if not autocommit:
            opened.commit()
        yield opened


def _guarded(place: Place) -> dict[str, str]:
    """While the server on this machine is stopped anybody may listen on its port: whoever does is
    not told the password itself. Elsewhere the certificate says who listens."""
    host = place.facts.get("host", "")
    if host.startswith("/") or not is_here(host) or psycopg.pq.version() < _REQUIRE_AUTH:
        return {}
    return {"require_auth": "!password"}


@contextmanager
def told(place: Place, what: str) -> Iterator[None]:
    """Turns what the server says into a MachineError for people."""
    try:
        yield
    except psycopg.Error as error:
        raise failed(place, what, error) from error


def failed(place: Place, what: str, error: psycopg.Error) -> MachineError:
    message = f"{what} at {place.address}: {words_of(error, place)}"
    return MachineError("database-failed", message, hint="caretaker database check --to URL")


def words_of(error: psycopg.Error, place: Place | None = None) -> str:
    """What the server or libpq said, in a line."""
    text = error.diag.message_primary or " ".join(str(error).split()) or type(error).__name__
    secret = place.password if place else ""
    return (text.replace(secret, "…") if secret else text)[:300]


def _wrong(why: str) -> UsageError:
    form = "postgresql://USER:PASSWORD@HOST:5432/NAME"
    return UsageError(
        "usage", f"the database's URL is not usable: {why}", hint=f"write it as {form}"
    )
