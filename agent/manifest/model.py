"""The manifest: one table of keys, as records.

Each field here *is* the key's one record: name, type, default, help. The parser, `caretaker
manifest explain`, the JSON Schema and the reference page all read it; nothing is said twice.
Refuses behaviour.
"""

from __future__ import annotations

from typing import Annotated as A
from typing import Literal

from msgspec import Meta, Struct, field

from agent.manifest.acme import Acme
from agent.manifest.checks import AnyCheck, says
from agent.manifest.database import Database
from agent.manifest.firewall import Firewall
from agent.manifest.keeping import Backup, Patching, Store, Upgrade
from agent.manifest.kinds import Duration, Name, Port, PortOrOff, Size
from agent.manifest.listing import Listing
from agent.manifest.support import Collect, Hide, Look, Support
from agent.manifest.upkeep import (
    DeclaredRemedy,
    Housekeeping,
    Lock,
    LogFiles,
    OwnedPath,
    Purge,
    Remediation,
    Task,
)


class Appliance(Struct, frozen=True, kw_only=True):
    """What is sold."""

    name: A[Name, says("Short name; folders, users and units carry it.")]
    version: A[
        str,
        says("The application's version."),
        Meta(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+~_-]{0,63}$(?!\n)"),
    ]
    title: A[str, says("Name for people; the short name where left out.")] = ""
    vendor: A[str, says("Who sells it.")] = ""
    support: A[str, says("Where a customer asks for help: an address or a URL.")] = ""
    url: A[str, says("Where the application is reached, shown at the end of setup.")] = ""


class Probe(Struct, frozen=True, kw_only=True):
    """Where load balancers ask."""

    address: A[str, says("Address the probe port is bound to.")] = "0.0.0.0"  # noqa: S104
    # A balancer reaches the VM from outside, so every address is the point here.
    port: A[Port, says("Port of /healthz.")] = 8086
    agent_port: A[PortOrOff, says("Port of HAProxy's agent-check; 0 is off.")] = 0
    certificate: A[str, says("A certificate of this manifest, to speak TLS; empty: HTTP.")] = ""
    silent_after: A[Duration, says("Warn when no balancer has probed for this long; 0s never.")] = (
        Duration(0)
    )


class Daemon(Struct, frozen=True, kw_only=True):
    """How the agent itself behaves."""

    api_port: A[PortOrOff, says("Loopback port of the local API; 0: Unix socket only.")] = 0
    drain: A[Duration, says("Time ready says no before the daemon stops.")] = Duration(5)
    history: A[Size, says("Most the history of verdicts and samples may take.")] = Size(16 << 20)
    sample_every: A[Duration, says("Time between two resource samples.")] = Duration(60)


class Service(Struct, frozen=True, kw_only=True):
    """One long-running process of the application."""

    title: A[str, says("Words for people.")] = ""
    unit: A[str, says("A unit that exists on the machine: `postgresql.service`.")] = ""
    command: A[list[str], says("Or program and arguments, run in a sandboxed unit.")] = []
    environment: A[
        dict[str, str], says("Environment; one with {secret:NAME} goes into a 0600 file.")
    ] = {}
    user: A[str, says("Who runs it; the appliance's own user where left out.")] = ""
    ports: A[list[Port], says("Ports it listens on; setup checks that they are free.")] = []
    requires: A[list[Name], says("Services that start before it and stop after it.")] = []
    writes: A[list[str], says("Paths it may write besides {data} and {run}.")] = []
    reload: A[list[str], says("Program that makes it reread its files; empty: restart.")] = []
    stop_timeout: A[Duration, says("Time to end by itself before it is killed.")] = Duration(30)
    memory_max: A[Size, says("Memory it may use; 0B is no limit.")] = Size(0)
    network: A[bool, says("May it use the network at all.")] = True
    allow: A[
        list[Literal["jit", "capabilities", "devices", "namespaces", "syscalls"]],
        says("Parts of the sandbox this program can't live with."),
    ] = []


class Certificate(Struct, frozen=True, kw_only=True):
    """A TLS pair the appliance needs."""

    names: A[list[str], says("Host names and addresses; the machine's own are added.")] = field(
        default_factory=list
    )
    services: A[list[Name], says("Services to reload when it changes.")] = []
    days: A[int, says("Days a generated certificate is valid."), Meta(ge=1, le=825)] = 397
    port: A[PortOrOff, says("Port that must show the new one after a change; 0: none.")] = 0
    acme: A[Acme, says("An authority to get it from.")] = Acme()


class Secret(Struct, frozen=True, kw_only=True):
    """A value made on each instance, never in the image."""

    title: A[str, says("Words for people.")] = ""
    length: A[int, says("Characters."), Meta(ge=16, le=256)] = 32
    alphabet: A[Literal["alphanumeric", "hex"], says("Characters used.")] = "alphanumeric"
    show: A[bool, says("Show it once, at the end of setup.")] = False
    rotate: A[
        list[str],
        says('Program that makes the application take a new value: `{"old", "new"}` on its input.'),
    ] = []


class Setting(Struct, frozen=True, kw_only=True):
    """A question to the customer."""

    title: A[str, says("The question.")]
    type: A[Literal["text", "number", "switch"], says("Kind of answer.")] = "text"
    default: A[str | int | bool, says("The answer where none is given.")] = ""
    choices: A[list[str], says("Answers allowed; empty: any.")] = []
    pattern: A[str, says("Regular expression the whole answer must match.")] = ""
    required: A[bool, says("Setup stops without an answer.")] = False


class Release(Struct, frozen=True, kw_only=True):
    """Where the application's files come from."""

    payload: A[str, says("Folder beside the manifest that becomes {release}.")] = "payload"
    build: A[
        list[str], says("Program that fills the payload folder, at build; run beside the manifest.")
    ] = []


class Requirements(Struct, frozen=True, kw_only=True):
    """What the machine must bring; setup's preflight holds it to this."""

    cpus: A[int, says("Processors."), Meta(ge=1)] = 1
    memory: A[Size, says("Memory.")] = Size(512 << 20)
    disk: A[Size, says("Free disk below {data}.")] = Size(1 << 30)
    systems: A[
        list[str], says("Systems it is sold for (`debian-12`); empty: all Caretaker supports.")
    ] = []


class Manifest(Struct, frozen=True, kw_only=True):
    """The whole of appliance.toml."""

    format: A[Literal[1], says("Format of this file.")] = 1
    appliance: A[Appliance, says("What is sold.")]
    requirements: A[Requirements, says("What the machine must bring.")] = Requirements()
    probe: A[Probe, says("Where load balancers ask.")] = Probe()
    daemon: A[Daemon, says("How the agent itself behaves.")] = Daemon()
    release: A[Release, says("Where the application's files come from.")] = Release()
    services: A[dict[Name, Service], says("The application's processes.")] = {}
    checks: A[dict[Name, AnyCheck], says("What health is made of.")] = {}
    groups: A[
        dict[Name, list[Name]], says("Checks under one name, each group at /health/NAME.")
    ] = {}
    certificates: A[dict[Name, Certificate], says("TLS pairs.")] = {}
    secrets: A[dict[Name, Secret], says("Values made on each instance.")] = {}
    settings: A[dict[Name, Setting], says("Questions to the customer.")] = {}
    database: A[Database, says("The application's database.")] = Database()
    stores: A[dict[Name, Store], says("Database files below {data}.")] = {}
    upgrade: A[Upgrade, says("How a new version proves itself.")] = Upgrade()
    backup: A[Backup, says("What is backed up, and for how long.")] = Backup()
    patching: A[Patching, says("How the system is kept up to date.")] = Patching()
    locks: A[dict[Name, Lock], says("Lock files the application may leave behind.")] = {}
    paths: A[dict[Name, OwnedPath], says("Folders and files with an owner and a mode.")] = {}
    remedies: A[dict[Name, DeclaredRemedy], says("Remedies of the vendor's own.")] = {}
    remediation: A[Remediation, says("Which remedies run by themselves.")] = Remediation()
    tasks: A[dict[Name, Task], says("Housekeeping tasks of the vendor's own.")] = {}
    purge: A[dict[Name, Purge], says("Folders in which old files may go.")] = {}
    logs: A[dict[Name, LogFiles], says("Log files to be rotated.")] = {}
    housekeeping: A[Housekeeping, says("How the machine is kept tidy.")] = Housekeeping()
    firewall: A[Firewall, says("What an image's firewall lets through.")] = Firewall()
    support: A[Support, says("What a support bundle may cost.")] = Support()
    collect: A[dict[Name, Collect], says("What else a support bundle holds.")] = {}
    hide: A[dict[Name, Hide], says("Patterns that must not leave the machine.")] = {}
    look: A[dict[Name, Look], says("Judgements of the vendor's own over a bundle.")] = {}
    listing: A[Listing, says("How marketplaces list it.")] = Listing()
