"""The manifest's reference page, from the table of keys.

Owns the page's text; docs/reference/manifest.md is this function's answer, and a test holds it.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.manifest.keys import Key, all_keys, spell_default, spell_kind, spell_limits
from agent.manifest.model import Manifest

_HEAD = """# The manifest, key by key

Made by `caretaker manifest explain --all`; do not edit. One TOML file, `appliance.toml`, declares
the appliance. `NAME` is a name you choose. Text may hold `{release}`, `{data}`, `{config}`,
`{run}`, `{secret:NAME}`, `{setting:NAME}` and `{certificate:NAME}`.
"""


_COLUMNS = "| key | value | default | meaning |\n|---|---|---|---|"


def page() -> str:
    """The whole page as Markdown."""
    lines = [_HEAD]
    section = ""
    for key in all_keys():
        here = _section(key)
        if here != section:
            section = here
            lines += [
                f"\n## {section}\n",
                "| key | value | default | meaning |",
                "|---|---|---|---|",
            ]
        lines.append(_row(key))
    return "\n".join(lines) + "\n"


def explain(asked: str) -> Iterator[str]:
    """Lines about every key that `asked` names: a key, a section, or a check's type."""
    wanted = tuple(asked.strip("[]").split("."))
    for key in all_keys():
        if _meant(key, wanted):
            limits = spell_limits(key)
            yield f"{_section(key)} {key.path[-1]}"
            yield f"    {key.help}"
            yield f"    {spell_kind(key.kind)}{f', {limits}' if limits else ''}"
            yield f"    default: {spell_default(key)}"


def _meant(key: Key, wanted: tuple[str, ...]) -> bool:
    spelled = key.path
    if wanted == (key.variant,) or wanted == (key.path[-1],):
        return True
    if wanted[0] == "checks" and len(wanted) > 1 and key.variant and wanted[1] != key.variant:
        known = {each.variant for each in all_keys()}
        if wanted[1] in known:
            return False
    shared = zip(spelled, wanted, strict=False)
    agrees = all(here in ("NAME", there) for here, there in shared)
    return agrees and len(wanted) <= len(spelled)


def _section(key: Key) -> str:
    path = ".".join(key.path[:-1]) or "top"
    return f"[{path}] of type {key.variant}" if key.variant else f"[{path}]"


def _row(key: Key) -> str:
    limits = spell_limits(key)
    kind = spell_kind(key.kind) + (f"; {limits}" if limits else "")
    cells = (f"`{key.path[-1]}`", kind, spell_default(key), key.help)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


SECTIONS = tuple(Manifest.__struct_fields__)
