"""All that is somebody's name: what is known of names here, and the pseudonyms for them.

Owns the two phases: learning, which takes names from files and from the machine, and then finding.
Refuses to learn while it finds: a pseudonym would depend on which file came first.
"""

from __future__ import annotations

from pathlib import Path

from agent.layout import Layout
from support.redact.engine import Choice, Engine, Trigger, open_engine
from support.redact.identities.emails import Emails
from support.redact.identities.host_phrases import phrase_rules
from support.redact.identities.host_places import host_rules
from support.redact.identities.host_tables import table_rules
from support.redact.identities.hosts import Hosts
from support.redact.identities.ipv4 import IPv4
from support.redact.identities.ipv6 import IPv6
from support.redact.identities.key import key_at
from support.redact.identities.learned import Learned
from support.redact.identities.machine import learn_machine
from support.redact.identities.macs import Macs
from support.redact.identities.names import Names
from support.redact.identities.phrase import rules_of
from support.redact.identities.programs import programs_in
from support.redact.identities.rule import IdentityRule
from support.redact.identities.user_commands import COMMANDS, LISTS
from support.redact.identities.user_phrases import SENTENCES
from support.redact.identities.user_places import user_rules
from support.redact.identities.user_rows import row_rules
from support.redact.identities.user_tables import Tables
from support.redact.identities.users import Users


class Identities:
    """The names of one machine or folder. `store` is a closed folder for what may be kept."""

    def __init__(self, key: bytes, store: Path | None = None) -> None:
        self.store = store
        self.names = Names(key)
        self.ipv4 = IPv4(key)
        self.ipv6 = IPv6(key, self.ipv4)
        self.macs = Macs(key)
        self._hosts = Hosts(self.names, self.ipv4)
        self._users = Users(self.names)
        self._emails = Emails(self.names, self._users, self._hosts)
        self._learned = Learned(self._hosts, self._users)
        self._teachers: dict[str, Engine] = {}
        self._shapes = (*self.ipv4.rules(), *self.ipv6.rules(), *self.macs.rules())
        self.rules: tuple[IdentityRule, ...] = (
            *self._shapes,
            *self._emails.rules(),
            *host_rules(self._hosts),
            *phrase_rules(self._hosts),
            *table_rules(self._hosts),
            *user_rules(self._users),
            *rules_of(self._users, (*SENTENCES, *COMMANDS), LISTS),
            *row_rules(self._users),
            *Tables(self._users).rules(),
        )
        self._paths: Engine | None = None

    def learn(self, name: str, data: bytes, *, engine: Choice = "auto") -> None:
        """Take the names out of a text, so that they are found wherever they stand.

        Before the redactor is made. The same names are known in whatever order texts come.
        """
        if not data:
            return
        for program in programs_in(name, data):
            self.keep(program)
        rules = [rule for rule in self.rules if rule.teaches]
        if engine not in self._teachers:
            self._teachers[engine] = open_engine(_triggers(rules), len(rules), engine, self.store)
        for rule, starts in zip(rules, self._teachers[engine].scan(data), strict=True):
            for start, end, _ in rule.find(data, starts):
                if rule.teaches.endswith("user"):
                    self._learned.user(data[start:end], sure=rule.teaches == "user")
                else:
                    self._learned.host(data[start:end], sure=rule.teaches == "host")

    def learn_host(self, name: str) -> None:
        self._learned.host(name.encode(), sure=True)

    def learn_user(self, name: str) -> None:
        self._learned.user(name.encode(), sure=True, least=3)

    def learn_machine(self, layout: Layout) -> None:
        """What the machine below this root says of itself. Never fails."""
        if layout.app:
            self.keep(layout.app.encode())

        def learn(text: bytes) -> None:
            # A page of settings is read sooner than the other engine's rules are compiled.
            self.learn("", text, engine="plain")

        learn_machine(layout, self._learned, self.keep, learn)

    def keep(self, word: bytes) -> None:
        """A name that is no person's: a service's account, the appliance's own."""
        self._users.keep(word.lower())
        self._hosts.kept.add(word.lower())

    def named(self) -> tuple[IdentityRule, ...]:
        """Rules for the names that were learned; they differ from machine to machine."""
        return self._learned.rules()

    def host(self, word: bytes) -> bytes:
        """The pseudonym of what somebody says is a host's name, whatever it looks like."""
        return self._hosts.renamed(word.lower().split(b"."))

    def user(self, word: bytes) -> bytes:
        """The pseudonym of what somebody says is a person's name."""
        return self.names.user(word)

    def path(self, path: str) -> str:
        """A path with pseudonyms for addresses and for names that are known."""
        rules = (*self._shapes, *self._emails.rules(), *self.named())
        if self._paths is None:
            self._paths = open_engine(_triggers(rules), len(rules), "plain")
        data = path.encode(errors="surrogateescape")
        spans = [
            name
            for rule, starts in zip(rules, self._paths.scan(data), strict=True)
            for name in rule.find(data, starts)
        ]
        out, past = b"", 0
        for start, end, instead in sorted(spans, key=lambda span: (span[0], -span[1])):
            if start >= past:
                out += data[past:start] + instead
                past = end
        return (out + data[past:]).decode(errors="surrogateescape")

    def given(self) -> dict[bytes, bytes]:
        """Pseudonyms given so far and what they stand for; those of IP addresses need no memory."""
        return {**self.names.given, **self.macs.given}


def open_identities(layout: Layout, *, store: bool = True) -> Identities:
    """With this machine's key, made where there is none, and its own names. CaretakerError.

    Not `store`: the compiled rules that stand there are not to be used. On the disk of another
    machine anybody may have put them there, and whoever loads them runs what they are.
    """
    kept = layout.support_state if store else None
    identities = Identities(key_at(layout.pseudonym_key), kept)
    identities.learn_machine(layout)
    return identities


def _triggers(rules: tuple[IdentityRule, ...] | list[IdentityRule]) -> list[Trigger]:
    return [
        Trigger(pattern, owner, starts=not rule.line)
        for owner, rule in enumerate(rules)
        for pattern in rule.triggers
    ]
