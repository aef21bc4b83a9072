"""What a service runs: its argument lists and environment, with placeholders filled in. Pure.

Owns the one reading of `command`, `reload` and `environment` that the unit files and the
supervisor share. Refuses secrets in argument lists, which every user of the machine can read
(proc(5), /proc/pid/cmdline), and opens a secret only when `secret_environment` is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from agent.errors import ManifestError
from agent.manifest.model import Service
from agent.manifest.placeholders import Values, expand, holds_secret

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")  # POSIX.1-2017, 8.1, and what shells can name


def command(name: str, service: Service, values: Values) -> tuple[str, ...]:
    """Program and arguments. Raises ManifestError."""
    return _argv(name, "command", service.command, values)


def reload_command(name: str, service: Service, values: Values) -> tuple[str, ...]:
    """The reload program; empty where the service has none. Raises ManifestError."""
    return _argv(name, "reload", service.reload, values) if service.reload else ()


def plain_environment(service: Service, values: Values) -> dict[str, str]:
    """The part of the environment that everybody may see. Raises ManifestError."""
    open_to_all = {n: text for n, text in service.environment.items() if not holds_secret(text)}
    return _filled_in(open_to_all, values)


def secret_environment(service: Service, values: Values) -> dict[str, str]:
    """The part that holds secrets. Raises MachineError where one is missing, and ManifestError."""
    secret = {n: text for n, text in service.environment.items() if holds_secret(text)}
    return _filled_in(secret, values)


def has_secret_environment(service: Service) -> bool:
    return any(holds_secret(text) for text in service.environment.values())


def _filled_in(texts: Mapping[str, str], values: Values) -> dict[str, str]:
    for name in texts:
        if not _VARIABLE.fullmatch(name):
            raise ManifestError(
                "manifest-value",
                f"{name!r} can't be the name of an environment variable",
                hint="use letters, digits and underscores",
            )
    return {name: expand(text, values) for name, text in texts.items()}


def _argv(name: str, key: str, texts: Sequence[str], values: Values) -> tuple[str, ...]:
    if any(holds_secret(text) for text in texts):
        raise ManifestError(
            "manifest-value",
            f"services.{name}.{key}: a secret in an argument list can be read by every user",
            hint=f"put it into services.{name}.environment",
        )
    argv = tuple(expand(text, values) for text in texts)
    if not argv[0].startswith("/") and "/" in argv[0]:
        raise ManifestError(
            "manifest-value",
            f"services.{name}.{key}: the program {argv[0]} is neither a full path nor a bare name",
            hint="begin it with {release}/",
        )
    return argv
