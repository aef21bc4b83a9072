"""A generated appliance with secrets at known homes, and each of them once more where none belongs.

Owns the dice: what a secret looks like, where it is declared, how it is written elsewhere and in
which file. Refuses to use the redactor's own forms: encodings are written out here once more.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import random
import re
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

APP = "shop"
_ALNUM = string.ascii_letters + string.digits
_WORDS = [
    "correct",
    "horse",
    "battery",
    "staple",
    "amber",
    "canyon",
    "otter",
    "falcon",
    "river",
    "copper",
    "lantern",
    "maple",
]
MANIFEST = f"""\
[appliance]
name = "{APP}"
version = "1.0.0"

[collect.extra]
files = ["/srv/extra/**"]

[collect.said]
command = ["/bin/cat", "{{root}}/srv/said.txt"]
"""


@dataclass(frozen=True)
class Plant:
    """One secret: where it is declared, and how and where it was planted."""

    value: str
    kind: str
    home: str
    form: str
    place: str


@dataclass
class Appliance:
    root: Path
    plants: list[Plant] = field(default_factory=list)


def _alnum(dice: random.Random) -> str:
    return "".join(dice.choices(_ALNUM, k=dice.randint(12, 44)))


def _odd(dice: random.Random) -> str:
    body = dice.choices(_ALNUM + "!@#$%^&*()-_=+[]{}|:,.<>?/~'\"\\;", k=dice.randint(14, 28))
    return "".join(dice.choices(_ALNUM, k=4)) + "".join(body) + dice.choice(_ALNUM)


def _urlsafe(dice: random.Random) -> str:
    return base64.urlsafe_b64encode(dice.randbytes(32)).decode().rstrip("=")


def _base64(dice: random.Random) -> str:
    return base64.b64encode(dice.randbytes(dice.randint(16, 48))).decode()


def _hex(dice: random.Random) -> str:
    return dice.randbytes(dice.choice((16, 20, 32))).hex()


def _phrase(dice: random.Random) -> str:
    return " ".join(dice.sample(_WORDS, 3)) + dice.choice(("", " 7", "!"))


def _foreign(dice: random.Random) -> str:
    return "".join(dice.choices("äöüßéèñçøåžłпарольκλειδί" + _ALNUM, k=18))


KINDS: dict[str, Callable[[random.Random], str]] = {
    "letters and digits": _alnum, "with signs": _odd, "urlsafe": _urlsafe, "base64": _base64,
    "hex": _hex, "a phrase": _phrase, "not ASCII": _foreign,
}  # fmt: skip

# Where a phrase or something odd stands, nothing has to be guessed: all of the file is the secret.
HOMES = {
    "secrets": (f"etc/{APP}/secrets/s{{n}}", "{x}\n"),
    "json": (f"etc/{APP}/c{{n}}.json", '{{"db": {{"password": {json}}}}}\n'),
    "yaml": (f"etc/{APP}/c{{n}}.yaml", "db:\n  password: {json}\n"),
    "toml": (f"etc/{APP}/c{{n}}.toml", "[db]\npassword = {json}\n"),
    "environment": (f"etc/{APP}/env/e{{n}}.env", "API_TOKEN={x}\n"),
    "ini": (f"etc/{APP}/c{{n}}.ini", "[db]\npassword = {x}\n"),
    "url": (f"etc/{APP}/u{{n}}.conf", "broker = amqp://w:{url}@mq.example/\n"),
}
_ANY_TEXT = ("secrets", "json", "yaml", "toml", "url")


def _per(text: str, write: str) -> str:
    return "".join(write.format(each) for each in text.encode())


def _base64_at(text: str, before: int) -> str:
    return base64.b64encode(b"u:p"[:before] + text.encode() + b"@").decode()


FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "base64 at 0": lambda x: _base64_at(x, 0),
    "base64 at 1": lambda x: _base64_at(x, 1),
    "base64 at 2": lambda x: _base64_at(x, 2),
    "base64url": lambda x: base64.urlsafe_b64encode(x.encode()).decode().rstrip("="),
    "hex": lambda x: x.encode().hex(),
    "HEX": lambda x: x.encode().hex().upper(),
    "hex with colons": lambda x: x.encode().hex(":"),
    "0x list": lambda x: _per(x, "0x{:02x}, "),
    "percent": lambda x: quote(x, safe=""),
    "percent all": lambda x: _per(x, "%{:02X}"),
    "form": quote_plus,
    "JSON": lambda x: json.dumps(x)[1:-1],
    "JSON twice": lambda x: json.dumps(json.dumps(x))[3:-3],
    "JSON in a URL": lambda x: quote(json.dumps({"k": x}), safe=""),
    "HTML": html.escape,
    "\\x": lambda x: _per(x, "\\x{:02x}"),
    "octal": lambda x: _per(x, "\\{:03o}"),
    "&#x;": lambda x: "".join(f"&#x{ord(each):x};" for each in x),
    "SQL": lambda x: x.replace("'", "''"),
    "CSV": lambda x: x.replace('"', '""'),
    "repr": lambda x: repr(x)[1:-1],
    "over lines": lambda x: x[: len(x) // 2] + "\n" + x[len(x) // 2 :],
    "indented": lambda x: x[: len(x) // 3] + "\n    " + x[len(x) // 3 :],
    "MIME": lambda x: base64.encodebytes(("p" * 40 + x).encode()).decode(),
}


class Builder:
    """Fills one root. Every file name and line around a secret is without any word of one."""

    def __init__(self, root: Path, dice: random.Random) -> None:
        self._root, self._dice = root, dice
        self._lines: dict[str, list[str]] = {}
        self.made = Appliance(root)

    def plant(self, number: int) -> None:
        dice = self._dice
        kind = dice.choice([*KINDS])
        value = KINDS[kind](dice)
        odd = kind in ("a phrase", "with signs", "not ASCII")
        home = dice.choice(_ANY_TEXT if odd else [*HOMES])
        form, place = dice.choice([*FORMS]), dice.choice([*PLACES])
        path, text = HOMES[home]
        words = {"n": number, "x": value, "json": json.dumps(value), "url": quote(value, safe="")}
        self.put(path.format(**words), text.format(**words))
        PLACES[place](self, number, FORMS[form](value))
        self.made.plants.append(Plant(value, kind, home, form, place))

    def put(self, path: str, content: str | bytes) -> None:
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)

    def line(self, path: str, line: str) -> None:
        self._lines.setdefault(path, []).append(line)

    def line_of(self, words: str) -> str:
        at = f"2026-11-21T0{self._dice.randint(0, 9)}:14:{self._dice.randint(10, 59)}Z"
        return f"{at} worker-{self._dice.randint(1, 9)} job {self._dice.randint(1, 9999)} {words}"

    def done(self) -> Appliance:
        self.put("etc/caretaker/appliance.toml", MANIFEST.replace("{root}", str(self._root)))
        for path, lines in self._lines.items():
            self._dice.shuffle(lines)
            text = "\n".join(lines) + "\n"
            self.put(path, gzip.compress(text.encode()) if path.endswith(".gz") else text)
        return self.made


def _in_log(b: Builder, n: int, text: str) -> None:
    b.line(f"var/log/{APP}/app.log", b.line_of(f"retried with {text} and went on"))


def _in_packed(b: Builder, n: int, text: str) -> None:
    b.line(f"var/log/{APP}/app.log.1.gz", b.line_of(f"got <{text}>"))


def _in_json_line(b: Builder, n: int, text: str) -> None:
    b.line(f"var/log/{APP}/events.jsonl", json.dumps({"n": n, "said": f"was {text} before"}))


def _in_trace(b: Builder, n: int, text: str) -> None:
    b.line(f"var/log/{APP}/trace.log", f"Traceback:\n  File x.py\nValueError: cannot use {text}")


def _in_declared(b: Builder, n: int, text: str) -> None:
    b.put(f"srv/extra/d{n}.txt", f"first\n{text}\nlast\n")


def _in_output(b: Builder, n: int, text: str) -> None:
    b.line("srv/said.txt", f"row {n} | {text} | end")


def _in_config(b: Builder, n: int, text: str) -> None:
    b.put(f"etc/{APP}/notes{n}.conf", f"# see\nremark = {text}\n")


def _in_long_line(b: Builder, n: int, text: str) -> None:
    filler = " ".join(f"w{each}" for each in range(b._dice.randint(1000, 90_000)))
    b.put(f"srv/extra/long{n}.log", f"{filler} {text} {filler[:2000]}\n")


def _at_border(b: Builder, n: int, text: str) -> None:
    before = "a line of a log\n" * (1 << 16)
    at = (1 << 20) - b._dice.randint(1, len(text) + 2)
    b.put(f"srv/extra/border{n}.log", before[:at] + " " + text + " end\n" + before[:5000])


def _in_name(b: Builder, n: int, text: str) -> None:
    name = re.sub(r"[/\0]", "_", re.sub(r"\s*\n\s*", "", text))[:180].strip(". ") or "x"
    while len(name.encode()) > 200:
        name = name[:-1]
    b.put(f"srv/extra/session-{name}.txt", "nothing\n")


PLACES: dict[str, Callable[[Builder, int, str], None]] = {
    "log": _in_log, "packed log": _in_packed, "JSON line": _in_json_line, "trace": _in_trace,
    "declared file": _in_declared, "program's output": _in_output, "configuration": _in_config,
    "long line": _in_long_line, "block border": _at_border, "file name": _in_name,
}  # fmt: skip


def appliance(root: Path, seed: int, plants: int) -> Appliance:
    builder = Builder(root, random.Random(seed))
    for number in range(plants):
        builder.plant(number)
    return builder.done()
