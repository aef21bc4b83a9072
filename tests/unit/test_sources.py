"""Where answers come from at first boot, and the part of user-data that carries them."""

from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import ManifestError
from agent.layout import Layout
from setup.sources import find_sheet
from setup.user_data import answers_in_user_data, find_part

ANSWERS = "#caretaker-answers\n[settings]\nx = 1\n"


def user_data(*parts: tuple[str, str]) -> bytes:
    """What cloud-init keeps: every part of the user-data as MIME."""
    message = MIMEMultipart()
    for kind, text in parts:
        part = MIMEText(text, kind)
        part.add_header("Content-Disposition", "attachment; filename=part-001")
        message.attach(part)
    return message.as_bytes()


def keep(root: Path, content: bytes) -> None:
    path = root / "var/lib/cloud/instance/user-data.txt.i"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.fixture
def layout(root: Path) -> Layout:
    layout = Layout(root, "shop")
    layout.etc.mkdir(parents=True)
    return layout


def test_a_file_that_is_named_counts_before_everything(layout: Layout, tmp_path: Path) -> None:
    (layout.etc / "answers.toml").write_text("[settings]\nx = 2\n")
    named = tmp_path / "mine.toml"
    named.write_text("[settings]\nx = 3\n")
    assert find_sheet(layout, named, first_boot=True, machine=layout.root).settings == {"x": 3}
    with pytest.raises(ManifestError, match="no such file"):
        find_sheet(layout, tmp_path / "none", first_boot=True, machine=layout.root)


def test_first_boot_looks_beside_the_manifest_then_in_the_user_data(layout: Layout) -> None:
    root = layout.root
    assert find_sheet(layout, None, first_boot=True, machine=root).settings == {}
    keep(root, user_data(("cloud-config", "#cloud-config\n"), ("x-not-multipart", ANSWERS)))
    sheet = find_sheet(layout, None, first_boot=True, machine=root)
    assert (sheet.settings, sheet.place("x")) == ({"x": 1}, "user-data:3")
    (layout.etc / "answers.json").write_text('{"settings": {"x": 2}}')
    assert find_sheet(layout, None, first_boot=True, machine=root).settings == {"x": 2}
    (layout.etc / "answers.toml").symlink_to("nowhere")
    with pytest.raises(ManifestError, match="symbolic link"):
        find_sheet(layout, None, first_boot=True, machine=root)


def test_a_later_run_does_not_look_there_again(layout: Layout) -> None:
    (layout.etc / "answers.toml").write_text("[settings]\nx = 2\n")
    keep(layout.root, user_data(("plain", ANSWERS)))
    assert find_sheet(layout, None, first_boot=False, machine=layout.root).settings == {}


def test_a_part_in_base64_is_found(root: Path) -> None:
    message = EmailMessage()
    message.set_content(ANSWERS + "# ümlaut\n", cte="base64")
    keep(root, message.as_bytes())
    found = answers_in_user_data(root)
    assert found is not None
    assert found.startswith(b"#caretaker-answers\n[settings]")


def test_user_data_without_the_mark_has_no_answers(root: Path) -> None:
    assert answers_in_user_data(root) is None
    keep(root, user_data(("cloud-config", "#cloud-config\n# not: #caretaker-answers\n")))
    assert answers_in_user_data(root) is None
    keep(root, b"\xff" * 100)
    assert answers_in_user_data(root) is None


def test_user_data_that_anybody_could_have_written_is_not_read(root: Path) -> None:
    keep(root, user_data(("plain", ANSWERS)))
    (root / "var/lib/cloud/instance/user-data.txt.i").chmod(0o666)
    assert answers_in_user_data(root) is None


@given(st.binary(max_size=500))
def test_no_message_is_too_strange(content: bytes) -> None:
    found = find_part(content)
    assert found is None or found.startswith(b"#caretaker-answers")
