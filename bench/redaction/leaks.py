"""`python -m bench.redaction.leaks`: secrets planted anywhere, searched for in the opened bundle.

Each bundle is made by the customer's own command below a root of its own, opened, and searched for
every planted secret in every form, with nothing of the redactor's. `--plants N`, `--seed N`.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import zstandard

from bench.health.table import Bar, Report, write
from bench.redaction.leak_plants import FORMS, Appliance, Plant, appliance

SEED = 20261121
_AT_ONCE = 100
_REFUSED = re.compile(r"\((/[^)]*)\) was still in")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.redaction.leaks")
    parser.add_argument("--plants", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=SEED)
    said = parser.parse_args()
    planted, leaked, refused = 0, [], []
    while planted < said.plants:
        count = min(_AT_ONCE, said.plants - planted)
        found = tried(said.seed + planted, count)
        planted += count
        leaked += found[0]
        refused += found[1]
    report = Report("Secrets planted anywhere", head=("what", "form", "place", "kind", "home"))
    for what, plants in (("leaked", leaked), ("refused", refused)):
        for (form, place, kind, home), _ in Counter(
            (each.form, each.place, each.kind, each.home) for each in plants
        ).most_common():
            report.rows.append([what, form, place, kind, home])
    report.bars += [
        Bar(f"secrets of {planted} that are in an opened bundle", len(leaked), 0),
        Bar("bundles that the last gate refused", len(refused), 0),
    ]
    report.figures.update(planted=planted, leaked=len(leaked), refused=len(refused))
    return write("redaction-leaks", [report])


def tried(seed: int, count: int) -> tuple[list[Plant], list[Plant]]:
    """Those of the plants that are in the bundle, and one whom the last gate found, if it did."""
    with tempfile.TemporaryDirectory(prefix="caretaker-bench-leaks-") as scratch:
        made = appliance(Path(scratch).resolve() / "root", seed, count)
        refused = _bundle(made)
        if refused:
            return [], refused
        return list(_found(made)), []


def _bundle(made: Appliance) -> list[Plant]:
    out = made.root.parent / "out"
    out.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "agent", "--root", str(made.root), "support-bundle",
         "--no-encrypt", "--json", "--output", str(out)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    if any(out.iterdir()):
        return []
    if "was still in" in done.stderr:
        print(done.stderr, file=sys.stderr)
        named = _REFUSED.search(done.stderr)
        number = re.search(r"(\d+)(?:\.\w+)?\Z", named[1]) if named else None
        return [made.plants[int(number[1])]] if number else made.plants[:1]
    raise RuntimeError(f"exit status {done.returncode}: {done.stderr}")


def _found(made: Appliance) -> Iterator[Plant]:
    parts = [*_texts(made)]
    whole = b"\n".join(part for _, part in parts)
    squeezed = re.sub(rb"\s+", b"", whole)
    for plant in made.plants:
        if any(form in text for form, text in _wanted(plant, whole, squeezed)):
            planted = FORMS[plant.form](plant.value).encode()
            where = next((name for name, part in parts if planted in part), "another form")
            print(f"leak: {plant} in {where}", file=sys.stderr)
            yield plant


def _wanted(plant: Plant, whole: bytes, squeezed: bytes) -> Iterator[tuple[bytes, bytes]]:
    """In whatever form, also one that it was not planted in; as written, and without any space."""
    for name, write_ in FORMS.items():
        text = write_(plant.value).encode()
        if name == "MIME":
            text = text.strip()[60:]
        elif name.startswith("base64"):
            text = text[4:-4]  # What its neighbours decide too is left out.
        if len(text) >= 8:
            yield text, whole
        if not re.search(rb"\s", plant.value.encode()):
            text = re.sub(rb"\s+", b"", text)
            if len(text) >= 8:
                yield text, squeezed


def _texts(made: Appliance) -> Iterator[tuple[str, bytes]]:
    """Names and contents of all files, and the bundle's own name."""
    [path] = (made.root.parent / "out").iterdir()
    yield "its name", path.name.encode()
    reader = zstandard.ZstdDecompressor().stream_reader(path.open("rb"), read_across_frames=True)
    with tarfile.open(fileobj=reader, mode="r|") as tar:
        for entry in tar:
            yield "names", entry.name.encode("utf-8", "surrogateescape")
            content = tar.extractfile(entry)
            yield entry.name, content.read() if content else b""


if __name__ == "__main__":
    sys.exit(main())
