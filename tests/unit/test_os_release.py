"""The os-release parser, against the page's rules, Python's own reader and a real shell."""

import platform
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.systems.os_release import OsRelease, parse, read_os_release

GOLDEN = Path(__file__).parents[1] / "golden" / "os-release"
NAMES = st.from_regex(r"[A-Z][A-Z_0-9]{0,12}", fullmatch=True)
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]))


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("KEY=plain", "plain"),
        ("KEY=", ""),
        ('KEY=""', ""),
        ('KEY="two words"', "two words"),
        ("KEY='two words'", "two words"),
        (r'KEY="a \"quoted\" word"', 'a "quoted" word'),
        (r'KEY="\$HOME \`x\` \\"', "$HOME `x` \\"),
        (r"KEY='\$HOME'", r"\$HOME"),
        (r'KEY="\n stays"', r"\n stays"),
        (r"KEY=a\ b", "a b"),
        ("  KEY=indented  ", "indented"),
        ("KEY=word # a comment", "word"),
        ('KEY="open', None),
        ("KEY=two words", None),
        ("# KEY=comment", None),
        ("KEY", None),
        ("=value", None),
        ("1KEY=digit", None),
        ("KEY=back\\", None),
    ],
)
def test_a_line_means_what_a_shell_reads(line: str, value: str | None) -> None:
    assert parse(line).get("KEY") == value


def test_the_last_assignment_wins() -> None:
    assert parse("ID=one\nID=two\n") == {"ID": "two"}


@given(st.dictionaries(NAMES, VALUES))
def test_whatever_is_quoted_comes_back(fields: dict[str, str]) -> None:
    escaped = {
        name: "".join(f"\\{char}" if char in '"$`\\' else char for char in value)
        for name, value in fields.items()
    }
    assert parse("".join(f'{name}="{value}"\n' for name, value in escaped.items())) == fields
    assert parse("".join(f"{n}={shlex.quote(v)}\n" for n, v in fields.items())) == fields


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    for name, value in parse(text).items():
        assert name.isidentifier()
        assert "\n" not in value


@pytest.mark.parametrize("file", sorted(GOLDEN.iterdir()), ids=lambda file: file.name)
def test_golden_files_read_as_python_reads_them(file: Path) -> None:
    theirs = platform._parse_os_release(file.read_text().splitlines())  # type: ignore[attr-defined]
    # It fills in what the page gives as defaults; ours leaves that to describe().
    ours = parse(file.read_text())
    assert ours == {name: theirs[name] for name in ours}
    assert set(theirs) - set(ours) <= {"NAME", "ID", "PRETTY_NAME"}


@pytest.mark.real
@pytest.mark.parametrize("file", sorted(GOLDEN.iterdir()), ids=lambda file: file.name)
def test_golden_files_read_as_a_shell_reads_them(file: Path) -> None:
    script = '. "$1"; printf "%s\\n" "$ID" "$VERSION_ID" "$ID_LIKE" "$PRETTY_NAME"'
    done = subprocess.run(
        ["sh", "-c", script, "sh", str(file)], capture_output=True, text=True, check=True, env={}
    )
    fields = parse(file.read_text())
    keys = ("ID", "VERSION_ID", "ID_LIKE", "PRETTY_NAME")
    assert done.stdout.splitlines() == [fields.get(key, "") for key in keys]


def test_etc_counts_before_usr_and_a_link_is_followed(root: Path) -> None:
    (root / "usr/lib").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "usr/lib/os-release").write_text('ID=debian\nVERSION_ID="12"\n')
    assert read_os_release(root) == OsRelease("debian", "12", title="Linux")
    (root / "etc/os-release").symlink_to("../usr/lib/os-release")
    assert read_os_release(root).id == "debian"
    (root / "etc/os-release").unlink()
    (root / "etc/os-release").write_text("ID=vendor\n")
    assert read_os_release(root).id == "vendor"


def test_a_machine_without_the_file_is_linux(root: Path) -> None:
    assert read_os_release(root) == OsRelease("linux")
