"""A bundle's files in a folder of their own.

Owns that the folder has its name only once all in it was held to the signature. Refuses to write
into a folder that is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent.errors import MachineError, UsageError
from agent.host import files, trees
from agent.host.failures import FileFailure
from agent.host.unpacking import Unpacking
from support.bundle.reading import Checked, reading


def unpack(path: Path, target: Path, identities: Sequence[object], *, key: str) -> Checked:
    """RefusedError, and then there is no folder; UsageError, MachineError."""
    if target.exists() or target.is_symlink():
        raise UsageError("usage", f"{target} is there already", hint="choose another name")
    aside = target.with_name(f".{target.name}.part")
    try:
        trees.remove(aside)
        with reading(path, identities) as bundle:
            unpacking = Unpacking(aside)
            for each in bundle.files():
                out = unpacking.add(each.entry)
                for block in each.blocks:
                    if out is not None:
                        out.write(block)
                if out is not None:
                    out.close()
            unpacking.finish()
            checked = bundle.finish(key=key)
        files.rename(aside, target)
    except (FileFailure, OSError) as error:
        raise MachineError(
            "support-failed",
            f"{target} could not be filled: {error}",
            hint=f"ls -ld {target.parent}",
        ) from error
    finally:
        trees.remove(aside)
    return checked
