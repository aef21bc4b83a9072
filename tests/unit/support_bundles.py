"""A support bundle for tests: collectors that are a few lines, a redactor that knows one secret."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agent.host.facts import FileSystem
from agent.layout import Layout
from agent.progress import Silent
from support.bundle import course
from support.bundle.course import Made, Means
from support.bundle.messages import Ready
from support.bundle.order import Order
from support.bundle.refining import Tools
from support.collectors.collector import Collector
from support.collectors.events import Block, Closed, Ended, Event, Opened
from support.collectors.limits import Limits
from support.scene import Scene
from tests.scripted_host import NOW, scripted_host

SECRET = b"hunter2-hunter2"
Files = Mapping[str, bytes | Callable[[], Iterator[bytes]]]


@dataclass
class Redacts:
    """Removes the secret, but from files called `leaky`; breaks in files called `broken`."""

    def file(self, name: str, blocks: Iterable[bytes], counts: Counter[str]) -> Iterator[bytes]:
        for block in blocks:
            if "broken" in name:
                raise ValueError(f"about {block!r}")
            counts["test"] += block.count(SECRET)
            yield block if "leaky" in name else block.replace(SECRET, b"REDACTED-test")

    def name(self, path: str) -> str:
        return path.replace("alice", "user-1")


@dataclass
class Scans:
    kept: bytes = b""

    def begin(self) -> None:
        self.kept = b""

    def feed(self, data: bytes, /) -> str | None:
        found = SECRET in self.kept + data
        self.kept = data[-len(SECRET) :]
        return "secret db_password" if found else None


@dataclass
class World:
    """Collectors by code, each with its files; `run` may be replaced by one that misbehaves."""

    root: Path
    files: dict[str, Files] = field(default_factory=dict)
    told: Callable[[], bool] = lambda: False
    endings: dict[str, Ended] = field(default_factory=dict)
    disk: Callable[[Path], FileSystem] | None = None

    def scene(self) -> Scene:
        host = scripted_host(self.root)
        if self.disk is not None:
            host.facts.file_system = self.disk  # type: ignore[method-assign,assignment]  # the real one
        return Scene(host, Layout(self.root, app="shop"), None, NOW - 86400, NOW)

    def collectors(self) -> tuple[Collector, ...]:
        return tuple(
            Collector(code, code, "a test", lambda scene: (), lambda scene: 0, timeout=5)
            for code in self.files
        )

    def run(self, collector: Collector, scene: Scene, limits: Limits) -> Iterator[Event]:
        for name, content in self.files[collector.code].items():
            yield Opened(name, f"/srv/{name}", NOW)
            blocks = iter((content,)) if isinstance(content, bytes) else content()
            for block in blocks:
                yield Block(block)
            yield Closed(0.01)
        yield self.endings.get(collector.code, Ended("done", 0.02))

    def tools(self, scene: Scene) -> Tools:
        collectors = {each.code: each for each in self.collectors()}
        said = Ready(engine="test", selftest={"token": 2}, machine="host-k3f9", who="user-1")
        return Tools(said, Redacts(), Scans(), collectors, self.run)

    def order(self, **words: object) -> Order:
        return Order(chosen=self.collectors(), **words)  # type: ignore[arg-type]  # the test's

    def make(
        self, order: Order | None = None, *, stream: Callable[[bytes], None] | None = None
    ) -> Made:
        means = Means(self.tools, {}, self.told, Silent(), stream)
        return course.make(self.scene(), order or self.order(), means)

    @property
    def bundles(self) -> Path:
        return Layout(self.root).bundles

    def left(self) -> list[str]:
        """What stands in the folder of bundles."""
        return sorted(path.name for path in self.bundles.iterdir())


def log(lines: int, word: bytes = b"line") -> Callable[[], Iterator[bytes]]:
    """A log in blocks that end anywhere."""
    content = b"".join(b"%s %d of a log that goes on\n" % (word, each) for each in range(lines))

    def blocks() -> Iterator[bytes]:
        for start in range(0, len(content), 70_001):
            yield content[start : start + 70_001]

    return blocks
