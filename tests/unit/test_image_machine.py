"""What goes into the machine and what is heard of it: seed, key, release, Packer's words."""

import os
import stat
import tarfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from agent.errors import CaretakerError, ManifestError
from agent.host.spawn import Completed
from packer.golden import appliance, environment, seed
from packer.golden.build import Build
from packer.golden.inside.words import Said, heard, said
from packer.golden.packer_words import PackerWords
from tests.unit.image_course import a_build


def test_the_seed_lets_in_the_key_of_this_build_and_no_password(tmp_path: Path) -> None:
    secret, folder = tmp_path / "secret", tmp_path / "seed"
    secret.mkdir()
    path = seed.make(secret, folder)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    told = (folder / "user-data").read_text()
    assert told.startswith("#cloud-config\n")
    assert public.decode() in told
    assert "lock_passwd: true" in told
    assert "PRIVATE" not in told
    assert (folder / "vendor-data").read_bytes() == b""


def test_two_builds_have_two_keys(tmp_path: Path) -> None:
    texts = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        texts.append(seed.make(tmp_path / name, tmp_path / f"{name}-seed").read_text())
    assert texts[0] != texts[1]


def test_what_is_said_inside_is_heard_outside() -> None:
    line = said("harden", 1.25, '3 of "4", done')
    assert heard(f"[   12.3] caretaker-seal: {line}") == Said("harden", 1.2, '3 of "4", done')
    assert heard("anything else") is None
    assert heard('{"inside":"x"') is None
    assert heard('{"inside": 3}') is None
    assert heard('{"inside":"x","more":' + "[" * 100_000) is None


def test_packer_s_news_is_told_its_noise_is_not_and_an_error_explains() -> None:
    told: list[str] = []
    words = PackerWords(told.append)
    for line in (
        "1,,ui,say,==> qemu.golden: Waiting for SSH to become available...",
        "1,,ui,say,==> qemu.golden: Connected to SSH!",
        f"1,,ui,message,    qemu.golden: {said('units', 3.4, 'one%!(PACKER_COMMA) two')}",
        "1,,ui,error,==> qemu.golden: Script exited with non-zero exit status: 1",
        "1,,ui,error,Build 'qemu.golden' errored: it did",
        "1,,artifact-count,0",
        "no line of Packer's",
    ):
        words.line(line)
    assert told == ["Connected to SSH!", "units: one, two (3.4 s)"]
    assert words.why().startswith("Script exited with non-zero exit status: 1")
    assert len(words.lines) == 5


def test_the_image_gets_the_release_the_manifest_and_public_keys(tmp_path: Path) -> None:
    build, host, _ = a_build(tmp_path)
    (build.places.appliance / "support.age").write_text("age1public\n")
    (build.places.appliance / "root.json").write_text("{}")
    packed: list[list[str]] = []

    def tar(argv: tuple[str, ...]) -> Completed:
        top = Path(argv[argv.index("-C") + 1])
        packed.append(sorted(str(path.relative_to(top)) for path in top.rglob("*")))
        with tarfile.open(argv[argv.index("-cf") + 1], "w"):
            pass
        return Completed(argv, 0, "", "", 0.0)

    host.programs["tar"] = tar
    build.places.upload.mkdir(parents=True)
    archive = appliance.lay_out(build)
    assert archive.name == "appliance.tar.zst"
    names = packed[0]
    assert "etc/caretaker/appliance.toml" in names
    assert "etc/caretaker/keys/support.age" in names
    assert "etc/caretaker/keys/root.json" in names
    assert "etc/systemd/system/caretaker-setup.service" in names
    assert "etc/systemd/journald.conf.d/10-caretaker.conf" in names
    assert any(
        name.startswith("opt/shop/releases/1.0-") and name.endswith("/web") for name in names
    )
    assert not (build.places.work / "appliance").exists()


@pytest.mark.parametrize("name", ["root.json", "support.age"])
@pytest.mark.parametrize("content", ["-----BEGIN PRIVATE KEY-----", "AGE-SECRET-KEY-1XYZ"])
def test_a_private_key_gets_into_no_image(tmp_path: Path, name: str, content: str) -> None:
    build, _, _ = a_build(tmp_path)
    (build.places.appliance / name).write_text(content)
    with pytest.raises(ManifestError) as refused:
        appliance.lay_out(build)
    assert refused.value.code == "key-invalid"


def test_an_empty_payload_without_a_way_to_fill_it_is_an_error(tmp_path: Path) -> None:
    build, _, _ = a_build(tmp_path)
    (build.places.appliance / "payload/web").unlink()
    with pytest.raises(CaretakerError, match="nothing to deploy"):
        appliance.fetch(build)


def test_a_full_payload_is_taken_as_it_is_and_counts_among_the_inputs(tmp_path: Path) -> None:
    build, host, _ = a_build(tmp_path)
    appliance.fetch(build)
    assert host.asked == []
    assert len(build.inputs["payload"]) == 64


def test_the_environment_is_made_once_for_the_same_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build, host, _ = a_build(tmp_path)
    host.programs["uname"] = "x86_64\n"
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "one-1.0-py3-none-any.whl").write_bytes(b"")
    build.wanted = type(build.wanted)("x", "y", wheelhouse=str(wheels))
    build.inputs["base"] = "3" * 64
    made = []

    def make(build: Build, wheels: Path, target: Path) -> None:
        made.append(target)
        target.write_bytes(b"archive")

    monkeypatch.setattr(environment, "_make", make)
    first = environment.bring(build)
    assert environment.bring(build) == first
    assert made == [first]
    assert len(build.inputs["environment"]) == 64
    build.inputs["base"] = "4" * 64
    assert environment.bring(build) != first
    host.programs["uname"] = "aarch64\n"
    monkeypatch.setattr(environment, "_make_sources", make)
    assert environment.bring(build).name.startswith("sources-")


def test_the_newest_archives_are_kept(tmp_path: Path) -> None:
    for number in range(9):
        path = tmp_path / f"environment-{number}.tar.zst"
        path.write_bytes(b"")
        os.utime(path, (number, number))
    (tmp_path / "base-debian-12").mkdir()
    environment._tidy(tmp_path)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left[0] == "base-debian-12"
    assert left[1:] == [f"environment-{number}.tar.zst" for number in range(3, 9)]
