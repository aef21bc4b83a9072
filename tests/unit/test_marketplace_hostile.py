"""Whatever a manifest says, it stays text: parsed back from each format it is what was said."""

import json
from typing import Any

import hcl2
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.errors import RefusedError
from agent.manifest.model import Setting
from packer.marketplace import aws_template, azure_template, azure_ui, gcp_metadata, gcp_module
from packer.marketplace.hcl_read import read
from packer.marketplace.patterns import elsewhere, for_re2
from packer.marketplace.product import Product
from packer.marketplace.quoting import arm_value, as_json, hcl_string, ui_value, yaml_string
from packer.marketplace.writing import contents
from packer.marketplace.yaml_read import read as read_yaml
from packer.marketplace.yaml_text import render
from tests.unit.marketplace_stage import product

NASTY = st.sampled_from(
    (
        *('"', "'", "\\", "\n", "\r\n", "\t", "\0", "\x1b[31m", "\x85", "\u2028", "\ufeff", "😀"),
        *("${var.x}", "$${x}", "$$${x}", "${", "%{if true}", "%%{", "$", "{", "}", "EOF\n"),
        *("[concat('a')]", "[", "[[", "]", "'); drop(", "{{", "{setting:x}", "!Ref x", "&a", "*a"),
        *("#", ": ", "- ", "---\n", "...\n", "yes", "null", "0x10", "~", "|", ">", "@", "`", "é"),
    )
)
TEXT = st.lists(NASTY | st.text(max_size=5), max_size=6).map("".join)
# A single quote or control character in a default is refused, so that is another test.
PLAIN = TEXT.map(lambda text: "".join(c for c in text if c.isprintable() and c != "'"))
SHORT = settings(max_examples=60, deadline=None)
FEW = settings(max_examples=20, deadline=None)  # each writes whole packages


def saying(text: str, plain: str) -> Product:
    """The product with the text wherever a vendor may write."""
    found = product()
    one = [text]
    listing = replace(found.listing, title=text, summary=text, description=text, highlights=one,
                      keywords=one, dependencies=one, data=one, categories=one)  # fmt: skip
    own = {
        "free": Setting(title=text, default=plain),
        "chosen": Setting(title=text, choices=["a", f"a{plain}"], default="a"),
    }
    return Product(
        name=found.name, version=found.version, title=text, vendor=text, probe=8086, ports=(443,),
        disk=30, cpus=1, memory=1 << 30, architecture="amd64", settings=own, listing=listing,
    )  # fmt: skip


@SHORT
@given(TEXT)
def test_a_string_of_json_and_yaml_is_read_back(text: str) -> None:
    assert json.loads(as_json({"x": text})) == {"x": text}
    assert yaml.safe_load(yaml_string(text)) == text
    for shape in ({"x": text}, {"x": [text, {"y": text}]}, {"x": {text or "k": text}}):
        assert yaml.safe_load(render(shape)) == shape
        assert read_yaml(render(shape)) == shape


@SHORT
@given(TEXT)
def test_a_string_of_terraform_is_read_back(text: str) -> None:
    written = f"x = {hcl_string(text)}\ny = [{hcl_string(text)}]\n"
    found = read(written).attributes
    assert found["x"].literal == text
    assert found["y"].literals == [text]
    assert found["x"].references == set()
    # Another reader sees one string too, with nothing to be filled in.
    other = hcl2.loads(written)
    assert other["x"] == hcl_string(text)


@FEW
@given(TEXT, PLAIN)
def test_templates_hold_what_was_said(text: str, plain: str) -> None:
    said = saying(text, plain)
    if "{{resolve:" in text + plain:
        return
    template = aws_template.template(said)
    assert yaml.safe_load(aws_template.text(said)) == template
    labels = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterLabels"]
    assert labels["SettingFree"]["default"] == text
    assert template["Parameters"]["SettingFree"]["Default"] == plain
    # No word of the vendor's stands where CloudFormation fills in.
    assert plain == "" or len(plain) < 4 or plain not in json.dumps(template["Resources"])
    arm = azure_template.template(said)
    assert json.loads(as_json(arm)) == arm
    assert arm["parameters"]["settingFree"]["defaultValue" if plain else "type"] == (
        arm_value(plain) if plain else "string"
    )
    assert yaml.safe_load(gcp_metadata.metadata_text(said)) == gcp_metadata.metadata(said)
    assert yaml.safe_load(gcp_metadata.display_text(said)) == gcp_metadata.display(said)
    variables = {block.labels[0]: block for block in read(gcp_module.variables_text(said)).blocks}
    assert variables["setting_free"].attributes["default"].literal == plain
    assert variables["setting_free"].attributes["description"].literal == text


@SHORT
@given(TEXT)
def test_no_text_becomes_an_expression_of_azure(text: str) -> None:
    assert not _is_expression(arm_value(text))
    kept = arm_value(text)
    assert (kept[1:] if kept.startswith("[[") and kept.endswith("]") else kept) == text
    shown = ui_value(text)
    assert _evaluated(shown) == text


def _is_expression(text: str) -> bool:
    return text.startswith("[") and not text.startswith("[[") and text.endswith("]")


def _evaluated(shown: str) -> str:
    """What the portal makes of it: a text, or `concat` of one string."""
    if not _is_expression(shown):
        return shown
    assert shown.startswith("[concat('")
    assert shown.endswith("')]")
    inside = shown.removeprefix("[concat('").removesuffix("')]")
    assert "'" not in inside.replace("''", "")
    return inside.replace("''", "'")


def test_the_form_holds_what_was_said() -> None:
    said = saying("[basics('x')]", "[1]")
    form: Any = azure_ui.definition(said)
    field = form["parameters"]["steps"][2]["elements"][0]
    assert field["toolTip"] == "[concat('[basics(''x'')]')]"
    assert field["defaultValue"] == "[concat('[1]')]"


@pytest.mark.parametrize(
    ("key", "setting", "words"),
    [
        ("free", Setting(title="x", default="it's"), "single quote"),
        ("free", Setting(title="x", default="a\nb"), "control character"),
        ("free", Setting(title="{{resolve:ssm:x}}"), "CloudFormation would fill in"),
        ("free", Setting(title="x", default="{{resolve:ssm:x}}"), "CloudFormation would fill in"),
        ("free", Setting(title="x", choices=["[a"]), "expression"),
    ],
)
def test_what_a_format_can_not_carry_is_refused(key: str, setting: Setting, words: str) -> None:
    found = product()
    said = Product(
        name=found.name, version=found.version, title="x", vendor="x", probe=1, ports=(443,),
        disk=30, cpus=1, memory=1, architecture="amd64", settings={key: setting},
        listing=found.listing,
    )  # fmt: skip
    with pytest.raises(RefusedError, match=words) as caught:
        contents(said)
    assert caught.value.code == "listing-invalid"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("pattern", "others", "re2"),
    [
        (r"\d{1,3}(\.\d{1,3}){3}", True, True),
        (r"(?P<x>a)", False, False),
        (r"(?i)a", False, False),
        (r"(?=a)a", True, False),
        (r"(a)\1", True, False),
        (r"\Aa\Z", False, False),
        ("", False, False),
    ],
)
def test_a_pattern_goes_where_it_means_the_same(pattern: str, others: bool, re2: bool) -> None:
    assert bool(elsewhere(pattern)) == others
    assert bool(for_re2(pattern)) == re2
