"""A shop whose service serves TLS with the certificate `main`, on a scripted machine."""

from dataclasses import dataclass, replace
from pathlib import Path

from agent.remedies.remedy import Fault, Scene
from agent.remedies.tls import REMEDY
from tests.scripted_host import ScriptedHost
from tests.unit.remedy_stage import scene_of
from tests.unit.tls_service import PORT, ShowingNetwork, TlsService

MANIFEST = f"""\
[appliance]
name = "shop"
version = "1"
[services.web]
command = ["/bin/true"]
[certificates.main]
names = ["shop.example"]
services = ["web"]
port = {PORT}
"""


@dataclass
class Shop:
    """A machine whose service serves TLS with the certificate `main`."""

    scene: Scene
    host: ScriptedHost
    service: TlsService

    @property
    def home(self) -> Path:
        return self.scene.layout.tls / "main"

    @property
    def current(self) -> Path:
        return self.home / "current"

    def find(self) -> list[Fault]:
        return REMEDY.find(self.scene)

    def fault(self) -> Fault:
        (found,) = self.find()
        return found

    def mend(self) -> str:
        return REMEDY.mend(self.scene, self.fault())

    def at(self, wall: float, *, boot: str = "later") -> None:
        self.host.clock.now, self.host.clock.boot = wall, boot

    def serial(self) -> str:
        return self.current.readlink().name

    def before(self) -> str:
        return (self.home / "previous").readlink().name


def open_shop(root: Path) -> Shop:
    """With a pair that is good, and shown."""
    scene = scene_of(root, MANIFEST)
    service = TlsService(scene.layout.certificate("main"))
    host = ScriptedHost(root=root, network=ShowingNetwork(service))
    found = Shop(replace(scene, host=host, services=service), host, service)
    REMEDY.mend(replace(found.scene, booting=True), found.fault())
    service.load()
    return found
