"""The parser: every mistake is told with its line, its key and its cure."""

import json
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import ManifestError
from agent.manifest.kinds import Duration, Size
from agent.manifest.lines import Lines
from agent.manifest.reader import examine, parse

HEAD = '[appliance]\nname = "shop"\nversion = "1.2"\n'


def told(text: str) -> str:
    with pytest.raises(ManifestError) as caught:
        parse(text, file="a.toml")
    return caught.value.message


def test_the_smallest_manifest_has_every_default() -> None:
    manifest = parse(HEAD)
    assert manifest.probe.port == 8086
    assert manifest.daemon.drain == 5.0
    assert manifest.checks == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x =", "a.toml: "),
        ("[appliance]\nname = 'shop'\n", "a.toml:1: appliance.version: must be given"),
        (HEAD + "colour = 1\n", "a.toml:4: appliance.colour: unknown key"),
        (HEAD + "[prob]\n", 'a.toml:4: prob: unknown key; did you mean "probe"?'),
        (
            HEAD + '[locks.l]\npath = "{data}/x"\nkind = "flok"\nservice = "web"\n',
            "a.toml:6: locks.l.kind: is 'flok': expected one of flock, fcntl, pidfile, exists, p",
        ),
        (
            HEAD + '[tasks.t]\ncalendar = "daily"\ncommand = "rm -rf"\n',
            "a.toml:6: tasks.t.command: is 'rm -rf': expected a list, got text",
        ),
        (HEAD + "[probe]\nport = 70000\n", "a.toml:5: probe.port: is 70000: expected `int` <= 65"),
        (HEAD + "[checks.a]\n", "a.toml:4: checks.a.type: must be given; one of unit,"),
        (HEAD + "[checks.a]\ntype='tpc'\n", 'is no type of check; did you mean "tcp"?'),
        (HEAD + "[checks.a]\ntype='tcp'\nport=1\nevery=3\n", "is 3: 3 is no duration"),
        (HEAD + "[checks.A]\ntype='load'\n", "a.toml:4: checks.A: a name holds up to 31"),
        (HEAD + "checks = 3\n", "must be given"),
        (HEAD + "[services.a]\n", "a.toml:4: services.a: give either unit or command"),
        (HEAD + "[services.a]\nunit='x'\nrequires=['a']\n", "goes in a circle: a -> a"),
        (HEAD + "[checks.a]\ntype='load'\ntimeout='20s'\n", "is longer than every (10s)"),
        (HEAD + "[checks.live]\ntype='load'\n", "the name is taken by a probe path"),
        (HEAD + "[checks.a]\ntype='load'\nrestart='x'\n", '"x" is no declared service'),
        (
            HEAD + "[checks.a]\ntype='load'\nshared=true\nrestart='x'\n[services.x]\nunit='x'\n",
            "checks.a.restart: restarts nothing where a whole fleet shares",
        ),
        (HEAD + "[groups]\ng=['nope']\n", '"nope" is no declared check (declared: none)'),
        (HEAD + "[services.a]\ncommand=['{secret:x}']\n", "{secret:x} names no declared secret"),
        (HEAD + "[services.a]\ncommand=['{relase}']\n", "{relase} is no placeholder"),
        (HEAD + "[checks.a]\ntype='command'\ncommand=['x','{secret:y}']\n", "every user can read"),
        (HEAD + "[services.a]\ncommand=['x']\nports=[8086]\n", "port 8086 is taken by probe.port"),
        (HEAD.replace("shop", "caretaker"), "appliance.name: is taken"),
        (HEAD.replace("shop", "root"), "appliance.name: is taken"),
        (HEAD + "[release]\npayload='/etc'\n", "release.payload: must be a folder beside"),
        (HEAD + "[release]\npayload='a/../..'\n", "release.payload: must be a folder beside"),
        (HEAD + "[settings.a]\ntitle='x'\npattern='('\n", "pattern: is no regular expression"),
        (HEAD + "[settings.a]\ntitle='x'\ntype='number'\ndefault='b'\n", "default: must be a"),
    ],
)
def test_a_mistake_is_told_where_it_stands(text: str, expected: str) -> None:
    if text == HEAD + "checks = 3\n":
        # Inside [appliance], so it is an unknown key of that table.
        assert "appliance.checks: unknown key" in told(text)
    else:
        assert expected in told(text)


def test_every_mistake_is_told_at_once_in_the_order_of_the_file() -> None:
    text = HEAD + "[probe]\nport = 0\nprot = 1\n[daemon]\ndrain = 5\n"
    lines = told(text).splitlines()
    assert [line.split(":")[1] for line in lines] == ["5", "6", "8"]


@given(st.text(max_size=400))
def test_no_text_breaks_the_parser(text: str) -> None:
    manifest, mistakes = examine(text)
    assert manifest is not None or mistakes


@pytest.mark.parametrize(
    "text",
    [
        HEAD + f"x = {'[' * 5000}{']' * 5000}\n",
        HEAD + f"x = {'{a=' * 3000}1{'}' * 3000}\n",
        HEAD + f"[services.a]\ncommand = {'[' * 900}'x'{']' * 900}\n",
        HEAD + f"[probe]\nport = {'9' * 5000}\n",
        HEAD + f"[probe]\nport = 0x{'f' * 5000}\n",
        HEAD + f"[services.a]\ncommand = ['x']\nmemory_max = '{'9' * 400}GiB'\n",
        HEAD + f"[daemon]\ndrain = '{'9' * 400}s'\n",
    ],
)
def test_no_size_or_depth_breaks_the_parser(text: str) -> None:
    assert examine(text)[1]


@pytest.mark.parametrize("line", [r'name = "a\n"', r'version = "1\n"'])
def test_names_and_versions_end_where_they_seem_to(line: str) -> None:
    # They become lines of unit files, where a line break would begin a key of its own.
    key = line.split()[0]
    others = {"name": 'name = "shop"', "version": 'version = "1"'}
    text = "\n".join(["[appliance]", *({**others, key: line}.values())])
    assert f"appliance.{key}: is" in told(text + "\n")
    assert "a name holds up to 31" in told(HEAD + '[services."a\\n"]\ncommand = ["x"]\n')


def test_a_thousand_checks_and_mistakes_are_told_in_a_second() -> None:
    chain = "".join(
        f"[checks.c{each}]\ntype = 'load'\nrequires = ['c{each + 1}']\n" for each in range(1000)
    )
    begun = time.process_time()
    assert told(HEAD + chain).count("no declared check") == 1
    assert told(HEAD + "".join(f"x{each} = 1\n" for each in range(500))).count("unknown") == 500
    assert time.process_time() - begun < 10


values = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.text(string.printable, max_size=8), st.floats(0, 9)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=5,
)


@given(
    st.sampled_from(["probe.port", "daemon.drain", "services.a", "checks.a.every", "groups.a"]),
    values,
)
def test_no_value_breaks_the_parser(key: str, value: object) -> None:
    body = f"{key} = {json.dumps(value)}\n" if not isinstance(value, dict) else f"[{key}]\n"
    manifest, mistakes = examine(body + HEAD)
    assert manifest is not None or mistakes


@given(st.integers(0, 10**7))
def test_a_duration_survives_being_written(milliseconds: int) -> None:
    span = Duration(milliseconds / 1000)
    assert abs(Duration.parse(str(span)) - span) < 1e-3


@given(st.integers(0, 1 << 50))
def test_a_size_survives_being_written(count: int) -> None:
    assert Size.parse(str(Size(count))) == count


def test_keys_inside_long_strings_are_no_keys() -> None:
    text = 'a = """\nb = 1\n"""\nb = 2\n[t]\nc.d = 1\n'
    assert Lines(text).of(["b"]) == 4
    assert Lines(text).of(["t", "c", "d"]) == 6
