"""Where an answers file comes from: the command line, or, at first boot, whoever made the machine.

Owns the order in which places are looked at. Refuses to read what is in it (setup/sheet.py).
"""

from __future__ import annotations

from pathlib import Path

from agent.layout import Layout
from setup.sheet import Sheet, parse_sheet, read_sheet
from setup.user_data import answers_in_user_data

IN_PLACE = (
    "answers.toml",
    "answers.json",
)  # beside the manifest; cloud-init's write_files goes here


def find_sheet(
    layout: Layout, named: Path | None, *, first_boot: bool, machine: Path = Path("/")
) -> Sheet:
    """The answers file that counts; an empty one where there is none. Raises ManifestError.

    `machine` is where cloud-init keeps its files, whatever root the appliance has.
    """
    if named is not None:
        return read_sheet(named)
    if not first_boot:
        return Sheet()
    for name in IN_PLACE:
        path = layout.etc / name
        # A link that leads nowhere is for the reader to refuse, not "no file".
        if path.exists() or path.is_symlink():
            return read_sheet(path)
    content = answers_in_user_data(machine)
    return parse_sheet(content, "user-data") if content is not None else Sheet()
