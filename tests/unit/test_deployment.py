"""Code and data are joined by one link; an interrupted run leaves nothing in use."""

import os
from pathlib import Path

import pytest

from agent.deployment import RECORD, Deployments
from agent.errors import MachineError
from agent.host import trees
from agent.host.clock import Clock
from agent.host.failures import FileFailure
from agent.layout import Layout


@pytest.fixture
def payload(tmp_path: Path) -> Path:
    folder = tmp_path / "payload"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/server").write_text("#!/bin/sh\n")
    (folder / "bin/server").chmod(0o700)
    (folder / "latest").symlink_to("bin/server")
    return folder


@pytest.fixture
def deployments(tmp_path: Path) -> Deployments:
    return Deployments(Layout(tmp_path / "root", "shop"), Clock())


def deploy(deployments: Deployments, payload: Path, version: str = "1.0") -> int:
    release = deployments.stage(payload, version)
    return deployments.deploy(release, payload, version).number


def test_the_first_deployment_serves_its_payload(deployments: Deployments, payload: Path) -> None:
    assert not deployments.serves(payload, "1.0")
    assert deploy(deployments, payload) == 1
    assert deployments.serves(payload, "1.0")
    layout = deployments.layout
    assert (layout.current / "bin/server").read_text() == "#!/bin/sh\n"
    assert (layout.current / "bin/server").stat().st_mode & 0o777 == 0o755
    assert layout.data.resolve() == layout.generations / "1"


def test_staging_twice_is_staging_once(deployments: Deployments, payload: Path) -> None:
    first = deployments.stage(payload, "1.0")
    inode = (first / "bin/server").stat().st_ino
    assert (deployments.stage(payload, "1.0") / "bin/server").stat().st_ino == inode


def test_a_touched_payload_of_the_same_bytes_is_served(
    deployments: Deployments, payload: Path
) -> None:
    deploy(deployments, payload)
    os.utime(payload / "bin/server", (1, 1))
    assert deployments.serves(payload, "1.0")
    (payload / "bin/server").write_text("other")
    assert not deployments.serves(payload, "1.0")


@pytest.mark.real
def test_a_second_deployment_has_a_clone_and_the_first_stays(
    deployments: Deployments, payload: Path
) -> None:
    deploy(deployments, payload)
    layout = deployments.layout
    (layout.data / "rows").write_text("kept")
    (payload / "bin/server").write_text("new")
    assert deploy(deployments, payload, "1.1") == 2
    (layout.data / "rows").write_text("changed")
    assert (layout.generations / "1/rows").read_text() == "kept"
    deployments.flip(1)
    assert (layout.data / "rows").read_text() == "kept"
    assert (layout.current / "bin/server").read_text() == "#!/bin/sh\n"


def test_what_an_interrupted_run_left_does_not_count(
    deployments: Deployments, payload: Path
) -> None:
    layout = deployments.layout
    (layout.generations / "1").mkdir(parents=True)
    part = layout.releases / f"1.0-{trees.digest(payload)[:12]}.part"
    part.mkdir(parents=True)
    assert deploy(deployments, payload) == 1
    assert list(layout.data.iterdir()) == []
    assert not part.exists()


def test_a_link_out_of_the_payload_is_refused(deployments: Deployments, payload: Path) -> None:
    (payload / "evil").symlink_to("../../../etc/passwd")
    with pytest.raises(FileFailure, match="leads out of the tree"):
        deployments.stage(payload, "1.0")


@pytest.mark.real
@pytest.mark.parametrize("spoilt", [b"", b"{", None])
def test_a_spoilt_record_costs_no_data(
    deployments: Deployments, payload: Path, spoilt: bytes | None
) -> None:
    deploy(deployments, payload)
    layout = deployments.layout
    (layout.data / "rows").write_text("precious")
    record = layout.active / RECORD
    if spoilt is None:
        record.unlink()
    else:
        record.write_bytes(spoilt)
    active = deployments.active()
    assert active is not None
    assert (active.number, active.generation, active.version) == (1, 1, "1.0")
    if spoilt is not None:
        assert record.read_bytes() == spoilt  # a look sets nothing aside
    assert deploy(deployments, payload, "1.1") == 2
    assert (layout.data / "rows").read_text() == "precious"
    assert (layout.generations / "1/rows").read_text() == "precious"


def test_data_without_a_deployment_is_never_begun_anew(
    deployments: Deployments, payload: Path
) -> None:
    deploy(deployments, payload)
    layout = deployments.layout
    (layout.data / "rows").write_text("precious")
    layout.active.unlink()
    with pytest.raises(MachineError, match="holds data"):
        deploy(deployments, payload)
    assert (layout.generations / "1/rows").read_text() == "precious"


def test_links_that_lead_nowhere_are_an_error(deployments: Deployments, payload: Path) -> None:
    deploy(deployments, payload)
    (deployments.layout.active / RECORD).unlink()
    (deployments.layout.active / "state").unlink()
    with pytest.raises(MachineError, match="no whole deployment"):
        deployments.active()
