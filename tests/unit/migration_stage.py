"""A stage for migrations: a release with scripts of the test's own, and a draft to run them on."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from agent.change.change import Draft
from agent.deployment import Deployment, Deployments
from agent.host.clock import Clock
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.reader import parse
from agent.migrations.folder import Declared, read_folder
from agent.migrations.run import Ran, migrate
from agent.migrations.stores import kinds_of
from agent.progress import Progress, Unit
from agent.release.record import FOLDER, RECORD, MigrationRecord, ReleaseRecord
from agent.remedies.remedy import Scene
from agent.values import values_for
from tests.unit.checks_world import ScriptedServices

MANIFEST = """
[appliance]
name = "ledger"
version = "1"
[secrets.api]
[stores.books]
path = "{data}/books.db"
"""
AS_ROOT = os.geteuid() == 0
USER = "nobody"
UP = "import os; open(os.environ['CARETAKER_DATA'] + '/new', 'w').write('2')"
VERIFY = "import os; assert open(os.environ['CARETAKER_DATA'] + '/new').read() == '2'"


@dataclass
class Told:
    """Progress that keeps what it hears."""

    steps: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    done: list[tuple[int, int]] = field(default_factory=list)

    def step(self, code: str, title: str) -> None:
        self.steps.append(code)

    def advance(self, done: int, total: int, unit: Unit) -> None:
        self.done.append((done, total))

    def note(self, text: str) -> None:
        self.notes.append(text)


@dataclass
class Stage:
    """`data` is the clone; `live` is what was cloned, and must never change."""

    root: Path
    manifest: str
    told: Told = field(default_factory=Told)

    def __post_init__(self) -> None:
        self.layout = replace(Layout(self.root), app="ledger")
        self.live = self.layout.generations / "1"
        self.data = self.layout.generations / "2.part"
        for folder in (self.live, self.data, self.layout.secrets, self.layout.state):
            folder.mkdir(parents=True)
        (self.layout.secrets / "api").write_text("sehr-geheim\n")
        for folder in (self.live, self.data):
            self.own(folder)
        self.before = Deployment(1, "1", "", "", "1-abc", 1, 0.0)
        self.write_release("1-abc", {})
        deployments = Deployments(self.layout, Clock())
        deployments.write(self.before, manifest=self.manifest.encode())
        deployments.flip(1)

    def own(self, path: Path) -> None:
        if AS_ROOT:
            shutil.chown(path, USER)

    def write_release(
        self, name: str, scripts: dict[str, str], declared: dict[str, Declared] | None = None
    ) -> Path:
        """A staged release; `scripts` by path, those without a suffix are executable."""
        release = self.layout.releases / name
        folder = release / FOLDER / "migrations"
        folder.mkdir(parents=True)
        for path, text in scripts.items():
            file = folder / path
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
            file.chmod(0o644 if file.suffix in (".py", ".sql") else 0o755)
        version = name.split("-")[0]
        records = tuple(read_folder(folder, kinds_of(parse(self.manifest)), declared))
        self.write_record(release, version, records)
        return release

    def write_record(
        self, release: Path, version: str, records: tuple[MigrationRecord, ...]
    ) -> None:
        record = ReleaseRecord(
            app="ledger", version=version, sequence=1, digest="abc", created=0,
            migrations=records, manifest_sha256="",
        )  # fmt: skip
        (release / FOLDER / RECORD).write_bytes(msgspec.json.encode(record))

    def scene(self, release: Path) -> Scene:
        manifest = parse(self.manifest)
        values = values_for(manifest, self.layout)
        paths = {**values.paths, "data": str(self.data), "release": str(release)}
        return Scene(
            host=Host(),
            manifest=manifest,
            layout=self.layout,
            values=replace(values, paths=paths),
            services=ScriptedServices(),
        )

    def draft(self, release: Path) -> Draft:
        return Draft(self.scene(release), 2, self.before, self.live, self.data, self.told)

    def migrate(self, scripts: dict[str, str], **declared: Declared) -> list[Ran]:
        """Stage a release 2 with these scripts, and run it. `m0001_a` declares 0001-a."""
        named = {name[1:].replace("_", "-"): each for name, each in declared.items()}
        if (self.layout.releases / "2-abc").exists():
            shutil.rmtree(self.layout.releases / "2-abc")
        release = self.write_release("2-abc", scripts, named)
        return self.run(release)

    def run(self, release: Path, progress: Progress | None = None, url: str = "") -> list[Ran]:
        draft = self.draft(release)
        return migrate(draft, release, progress=progress or self.told, database_url=url)


@contextmanager
def stage(manifest: str = MANIFEST) -> Iterator[Stage]:
    """Not in pytest's folder: another user must be able to search the way to it."""
    folder = Path(tempfile.mkdtemp(prefix="caretaker-migrate-"))
    folder.chmod(0o755)
    try:
        yield Stage(folder, manifest)
    finally:
        shutil.rmtree(folder)
