"""Any argument, environment value and path survives the way through systemd's files.

The readers below are written from the manuals (systemd.syntax(7), systemd.service(5),
systemd.exec(5)), not from our writer; tests/machine/test_units.py asks systemd itself.
"""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.errors import ManifestError
from agent.services import quoting

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
PROGRAM = TEXT.map(lambda text: f"/{text}")


def read_words(text: str) -> list[str]:
    """The unquoted words of a unit file's value, with C escapes and doubled percent signs."""
    found: list[str] = []
    word, quote, inside, index = "", "", False, 0
    while index < len(text):
        character = text[index]
        if character == "\\":
            escape = re.compile(r"\\(?:x([0-9a-f]{2})|([\\\"']))").match(text, index)
            assert escape, f"no escape systemd knows: {text[index : index + 4]!r}"
            word += chr(int(escape[1], 16)) if escape[1] else escape[2]
            inside, index = True, escape.end()
            continue
        if quote:
            quote, word = ("", word) if character == quote else (quote, word + character)
        elif character in "\"'":
            quote, inside = character, True
        elif character in " \t":
            if inside:
                found.append(word)
            word, inside = "", False
        else:
            word, inside = word + character, True
        index += 1
    assert not quote
    return [each.replace("%%", "%") for each in [*found, *([word] if inside else [])]]


def read_environment(text: str) -> dict[str, str]:
    """NAME="value" with backslash escapes of the four characters a shell would act on."""
    pairs = re.findall(r'^([A-Za-z_]\w*)="((?:[^"\\]|\\["\\$`])*)"\n', text, re.M)
    return {name: re.sub(r'\\(["\\$`])', r"\1", value) for name, value in pairs}


@given(PROGRAM, st.lists(TEXT))
@example("/bin/x", [";", "", "$HOME", "${HOME}", "%n", "a b", "\t", "\n", "\r", '"', "'", "\\"])
@example("/bin/x", ["#", "-", "--flag=\\n", "é", "\x7f", "\\x41"])
def test_any_argument_list_survives(program: str, arguments: list[str]) -> None:
    line = quoting.command_line([program, *arguments])
    assert "\n" not in line
    assert "\r" not in line
    assert line.startswith(":")
    assert read_words(line[1:]) == [program, *arguments]


def test_a_lone_semicolon_is_quoted() -> None:
    # Bare, it would separate two commands.
    assert quoting.command_line(["/bin/x", ";"]) == ':/bin/x ";"'


@pytest.mark.parametrize("program", ["-x", "@x", ":x", "+x", "!x", "|x", ""])
def test_a_program_that_begins_like_a_prefix_is_refused(program: str) -> None:
    with pytest.raises(ManifestError, match="can't be called"):
        quoting.command_line([program])


@given(st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]*", fullmatch=True), TEXT))
def test_any_environment_value_survives_its_file(values: dict[str, str]) -> None:
    assert read_environment(quoting.environment_file(values.items())) == values


@pytest.mark.parametrize("write", [
    lambda: quoting.words(["a\0b"]),
    lambda: quoting.environment_file([("A", "a\0b")]),
    lambda: quoting.paths(["/a\nb"]),
    lambda: quoting.line("two\nlines"),
    lambda: quoting.line("end\\"),
])  # fmt: skip
def test_what_no_escape_can_carry_is_refused(write: object) -> None:
    assert callable(write)
    with pytest.raises(ManifestError):
        write()
