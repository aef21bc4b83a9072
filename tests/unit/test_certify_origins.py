"""Where files come from: sums of packages and libraries, releases, reasons; and differences."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.cli.program import program
from bench.certify.planting import Act, Folder, Link, Remove, Write, planted
from packer.certify.difference import differences
from packer.certify.opening import open_tree
from packer.certify.origins import packaged
from packer.certify.origins.tool import PARTS as judged_parts
from packer.certify.origins.tracing import origins, unexplained
from setup.environment.tool import PARTS as installed_parts

SITE = "/opt/caretaker/environments/abc/lib/python3.11/site-packages"
SOURCE = b"x = 1\n"


def record(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    return f"lib/x.py,sha256={digest},{len(data)}\nlib-1.0.dist-info/RECORD,,\n"


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


TREE: tuple[Act, ...] = (
    Write("/usr/bin/tool", b"tool"),
    Link("/bin", "usr/bin"),
    Write("/etc/tool.conf", b"a = 1\n"),
    Write("/etc/old.conf", b"old\n"),
    Write("/usr/bin/other.distrib", b"moved"),
    Write("/usr/bin/other", b"new"),
    Write(
        "/var/lib/dpkg/status",
        "Package: tool\nStatus: install ok installed\nConffiles:\n"
        f" /etc/tool.conf {md5(b'a = 1' + bytes([10]))}\n"
        f" /etc/old.conf {md5(b'old' + bytes([10]))} obsolete\nVersion: 1\n\n"
        "Package: newer\nStatus: install ok installed\nVersion: 1\n\n",
    ),
    # As a system before the merge of /usr said it.
    Write(
        "/var/lib/dpkg/info/tool.md5sums",
        f"{md5(b'tool')}  bin/tool\n{md5(b'moved')}  usr/bin/other\n",
    ),
    Write("/var/lib/dpkg/info/newer:amd64.md5sums", f"{md5(b'new')}  usr/bin/other\n"),
    Write("/var/lib/dpkg/diversions", "/usr/bin/other\n/usr/bin/other.distrib\nnewer\n"),
    Write(f"{SITE}/lib/x.py", SOURCE),
    Write(f"{SITE}/lib-1.0.dist-info/RECORD", record(SOURCE)),
    Write(
        f"{SITE}/lib/__pycache__/x.cpython-311.pyc",
        bytes(12) + len(SOURCE).to_bytes(4, "little") + b"code",
    ),
)


def proofs(*more: Act) -> dict[str, str]:
    found = origins(planted(None, *TREE, *more))
    return {path: each.proof if each else "" for path, each in found.items()}


def test_each_file_has_who_vouches_for_it() -> None:
    assert proofs() == {
        "/bin": "made",
        "/etc/old.conf": "sum",
        "/etc/tool.conf": "sum",
        f"{SITE}/lib-1.0.dist-info/RECORD": "named",
        f"{SITE}/lib/__pycache__/x.cpython-311.pyc": "made",
        f"{SITE}/lib/x.py": "sum",
        "/usr/bin/other": "sum",
        "/usr/bin/other.distrib": "sum",
        "/usr/bin/tool": "sum",
        "/var/lib/dpkg/diversions": "named",
        "/var/lib/dpkg/info/newer:amd64.md5sums": "named",
        "/var/lib/dpkg/info/tool.md5sums": "named",
        "/var/lib/dpkg/status": "named",
    }


@pytest.mark.parametrize(
    "act",
    [
        Write("/usr/bin/tool", b"other"),
        Write("/usr/bin/more", b"tool"),
        Write(f"{SITE}/lib/x.py", b"import evil\n"),
        Write(f"{SITE}/lib/y.py", SOURCE),
        Write(f"{SITE}/lib/__pycache__/y.cpython-311.pyc", bytes(16)),
        Write(f"{SITE}/lib/__pycache__/x.cpython-311.pyc", bytes(12) + b"\xff\0\0\0code"),
        Write("/var/lib/dpkg/info/absent.postinst", b"#!/bin/sh\n"),
        Link("/usr/bin/gone", "nowhere"),
        Link("/opt/shop/out", "/usr/bin/tool"),
        Write("/root/x", b""),
    ],
    ids=lambda act: act.path.rpartition("/")[2],
)
def test_what_nobody_brought_is_told(act: Act) -> None:
    tree = planted(None, *TREE, act)
    assert isinstance(act, Write | Link)
    assert act.path in {each.path for each in unexplained(tree)}


def test_a_changed_file_of_a_package_is_not_explained_by_its_bytecode() -> None:
    found = proofs(Write(f"{SITE}/lib/x.py", b"y = 1\n"))
    assert found[f"{SITE}/lib/__pycache__/x.cpython-311.pyc"] == ""


def test_what_packages_miss_and_what_changed() -> None:
    tree = planted(None, *TREE, Write("/usr/bin/tool", b"?"), Remove("/usr/bin/other"))
    assert packaged.changed(tree) == [("/usr/bin/tool", "tool")]
    assert packaged.missing(tree) == [("/usr/bin/other", "newer")]


def test_a_difference_names_what_and_why() -> None:
    base = planted(None, *TREE, Write("/etc/machine-id", "ab"), Write("/root/.ssh/authorized_keys"))
    golden = planted(
        None, *TREE, Write("/etc/machine-id", ""), Write("/opt/hidden/x", "x"), Folder("/srv/data"),
        Write("/etc/tool.conf", b"a = 1\n", 0o600),
    )  # fmt: skip
    told = {each.path: each for each in differences(base, golden)}
    assert {path: each.what for path, each in told.items()} == {
        "/etc/machine-id": "changed",
        "/etc/tool.conf": "changed",
        "/opt/hidden": "added",
        "/opt/hidden/x": "added",
        "/root": "removed",
        "/root/.ssh": "removed",
        "/root/.ssh/authorized_keys": "removed",
        "/srv": "added",
        "/srv/data": "added",
    }
    assert told["/etc/tool.conf"].how == "mode 0644 → 0600"
    assert told["/root/.ssh"].reason.startswith("taken away by sealing")
    assert told["/opt/hidden/x"].reason == ""
    assert told["/srv/data"].reason == "a folder without files"


@pytest.mark.real
def test_the_command_refuses_what_has_no_reason(tmp_path: Path) -> None:
    for name in ("base", "golden"):
        (tmp_path / name / "etc").mkdir(parents=True)
    (tmp_path / "golden/etc/hostname").write_text("x")
    runner = CliRunner()
    argv = ["image", "difference", str(tmp_path / "base"), str(tmp_path / "golden")]
    good = runner.invoke(program, [*argv, "--json"])
    assert good.exit_code == 0
    assert [each["path"] for each in json.loads(good.output)] == ["/etc/hostname"]
    (tmp_path / "golden/opt").mkdir()
    (tmp_path / "golden/opt/x").write_text("x")
    bad = runner.invoke(program, argv)
    assert getattr(bad.exception, "code", "") == "certify-failed"
    assert "+ /opt/x  no reason" in bad.output


def test_a_running_machine_keeps_its_customers_folders_to_itself(
    tmp_path: Path,
) -> None:
    from packer.certify.folder_tree import FolderStore
    from packer.certify.view import View

    for folder in ("etc", "home/anna", "proc/1", "var/lib/shop", "var/lib/other"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "file").write_text("x")
    store = FolderStore(tmp_path, live=True)
    store.leave_out("/var/lib/shop")
    tree = View("live", store)
    walked = [each.path for each in tree.walk() if each.is_file]
    assert walked == ["/etc/file", "/var/lib/other/file"]
    assert tree.text("/home/anna/file") == "x"
    assert [each.path for each in tree.walk("/home/anna")] == ["/home/anna/file"]
    store.close()


def test_a_manifest_that_does_not_read_is_none(tmp_path: Path) -> None:
    (tmp_path / "etc/caretaker").mkdir(parents=True)
    (tmp_path / "etc/caretaker/appliance.toml").write_text("[appliance")
    with open_tree(tmp_path) as subject:
        assert subject.manifest is None


def test_the_tool_is_judged_by_the_parts_that_setup_installs() -> None:
    assert judged_parts == installed_parts


@pytest.mark.parametrize(
    ("target", "explained"),
    [("/usr/lib/python3/dist-packages/systemd", True), ("/srv/elsewhere", False)],
)
def test_the_binding_of_the_distribution_is_linked_to_just_there(
    target: str, explained: bool
) -> None:
    path = f"{SITE}/systemd"
    left = {entry.path for entry in unexplained(planted(None, *TREE, Link(path, target)))}
    assert (path not in left) is explained
