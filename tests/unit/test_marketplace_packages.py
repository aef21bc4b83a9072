"""The packages as files: the same each time, judged by others too, and read without trust."""

import io
import json
import struct
import zipfile
from pathlib import Path

import hcl2
import msgspec
import pytest
import yaml
from cfnlint.api import lint_all
from click.testing import CliRunner

from agent.cli.program import program
from agent.errors import CaretakerError, ManifestError, RefusedError
from agent.manifest.reader import parse
from packer.golden.record import Artefact, BuildRecord
from packer.marketplace import aws_template
from packer.marketplace.checking import check, errors
from packer.marketplace.product import product_of
from packer.marketplace.writing import contents, write
from setup.sheet import StackSignal, parse_sheet
from setup.wait_handle import read_handle
from tests.unit import house
from tests.unit.marketplace_stage import MANIFEST
from tests.unit.wait_server import SERVER, URL

EXAMPLES = ("ledgerbook", "sochdb")
RECORD = BuildRecord(
    id="b-1", application="shop", version="1.2.3", architecture="arm64", base="debian-12",
    begun="2026-11-21T12:00:00Z", ended="2026-11-21T12:10:00Z", who="x", commit="c", inputs={},
    steps=(), artefacts=(Artefact("disk", "shop.qcow2", 1, "ab" * 32),), result="done",
)  # fmt: skip


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + b"\0" * 9


def run(*words: str) -> tuple[int, str, CaretakerError | None]:
    found = CliRunner().invoke(program, ["marketplace", *words])
    error = found.exception if isinstance(found.exception, CaretakerError) else None
    assert error is not None or found.exception is None or isinstance(found.exception, SystemExit)
    return (error.exit_status if error else found.exit_code), found.output, error


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_ready_to_be_listed(name: str, tmp_path: Path) -> None:
    status, said, _ = run("write", str(house.REPOSITORY / "examples" / name),
                          "--output", str(tmp_path / "out"))  # fmt: skip
    assert (status, "no errors" in said) == (0, True)
    assert {each.rule for each in check(tmp_path / "out")} == {"LIST-10"}


def test_the_same_manifest_makes_the_same_bytes() -> None:
    first, second = (contents(product_of(parse(MANIFEST), RECORD)) for _ in range(2))
    assert first == second
    index = json.loads(first["marketplace.json"])
    assert set(index["files"]) == set(first) - {"marketplace.json"}


@pytest.mark.parametrize("name", ["ours", *EXAMPLES])
def test_cfn_lint_finds_nothing(name: str) -> None:
    text = MANIFEST + 'aws.regions = ["eu-west-1"]\n'
    if name != "ours":
        text = (house.REPOSITORY / "examples" / name / "appliance.toml").read_text()
    made = contents(product_of(parse(text)))["aws/template.yaml"].decode()
    # It also gives advice (I…), which is no finding.
    assert [str(each) for each in lint_all(made) if each.rule.id[0] in "EW"] == []


def test_terraform_and_metadata_are_read_by_others() -> None:
    made = contents(product_of(parse(MANIFEST)))
    for name, content in made.items():
        if name.endswith(".tf"):
            hcl2.loads(content.decode())
        if name.endswith(".yaml"):
            assert yaml.safe_load(content)


def test_what_the_build_knows_is_said() -> None:
    made = contents(product_of(parse(MANIFEST), RECORD))
    listing = json.loads(made["aws/listing.json"])
    assert listing["image"] == {"build": "b-1", "sha256": "ab" * 32}
    assert listing["architecture"] == "arm64"
    assert listing["sizes"]["usual"].startswith("t4g.")
    assert "ab" * 32 in made["azure/README.md"].decode()


def test_archives_hold_the_files_and_no_time() -> None:
    made = contents(product_of(parse(MANIFEST)))
    for archive, folder in (("azure/app.zip", "azure"), ("gcp/module.zip", "gcp")):
        with zipfile.ZipFile(io.BytesIO(made[archive])) as opened:
            for entry in opened.infolist():
                assert opened.read(entry) == made[f"{folder}/{entry.filename}"]
                assert entry.date_time == (1980, 1, 1, 0, 0, 0)


def test_many_ports_are_forwarded_as_all() -> None:
    text = MANIFEST.replace("allow = [443, 8443]", "allow = [1, 2, 3, 4, 5, 6]")
    main = contents(product_of(parse(text)))["gcp/main.tf"].decode()
    assert "all_ports             = true" in main
    assert "local.ports\n" in main  # of the firewall


def test_pictures_are_brought_and_measured(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(png(300, 300))
    (tmp_path / "plan.png").write_bytes(png(800, 600))
    text = MANIFEST + 'logo = "logo.png"\ndiagram = "plan.png"\n'
    write(parse(text), None, tmp_path / "out", beside=tmp_path)
    found = check(tmp_path / "out")
    assert {(each.rule, each.place) for each in found} == {("LIST-09", "diagram")}
    assert "800 × 600" in found[0].words


def test_a_listing_in_a_file_of_its_own(tmp_path: Path) -> None:
    head, words = MANIFEST.split("[listing]")
    (tmp_path / "appliance.toml").write_text(head)
    (tmp_path / "listing.toml").write_text(f"[listing]{words}")
    write(parse(head), None, tmp_path / "out", beside=tmp_path)
    assert errors(check(tmp_path / "out")) == []
    (tmp_path / "listing.toml").write_text("[listing]\nsumary = 1\n")
    with pytest.raises(ManifestError, match=r"listing\.toml:2: listing\.sumary") as caught:
        write(parse(head), None, tmp_path / "out", beside=tmp_path)
    assert caught.value.code == "manifest-unknown-key"
    (tmp_path / "listing.toml").write_text("[appliance]\nname = 'x'\n")
    with pytest.raises(ManifestError, match=r"only .listing. may stand there"):
        write(parse(head), None, tmp_path / "out", beside=tmp_path)


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nAWSTemplateFormatVersion: '2010-09-09'\n"
UNREADABLE = {
    "bomb.yaml": BOMB,
    "broken.yaml": "a: [\n",
    "python.yaml": "a: !!python/object/apply:os.system ['id']\n",
    "broken.json": '{"a": ',
    "deep.json": '{"a":' * 100_000,
    "deep.yaml": "[" * 2000,
    "deep.tf": "x = " + "[" * 5000,
    "broken.tf": 'resource "x" {\n',
    "endless.tf": 'x = "a\n',
    "more.tf.json": "{}",
    "large.json": "{" + " " * (2 << 20) + "}",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_can_not_be_read_is_said(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(UNREADABLE[name])
    found = check(tmp_path)
    assert [(each.file, each.rule, each.severity) for each in found] == [(name, "READ-01", "error")]


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.json").write_text('{"Resources": {}}')
    (tmp_path / "in/template.json").symlink_to(tmp_path / "secret.json")
    assert [each.rule for each in check(tmp_path / "in")] == ["READ-01"]


SHORT_FORMS = """
AWSTemplateFormatVersion: 2010-09-09
Resources:
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      VpcId: !ImportValue x
      GroupDescription: !Sub "${AWS::StackName} group"
      SecurityGroupIngress: {IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0}
Outputs:
  Id: {Value: !GetAtt Group.GroupId}
  Gone: {Value: !GetAtt Nothing.Id}
"""


def test_a_strangers_template_is_judged(tmp_path: Path) -> None:
    (tmp_path / "theirs.template").write_text(SHORT_FORMS)
    (tmp_path / "list.yaml").write_text("- a\n- b\n")
    found = {(each.rule, each.place) for each in check(tmp_path)}
    assert ("AWS-01", "Resources.Group.Properties.SecurityGroupIngress[0]") in found
    assert ("AWS-51", "Outputs.Gone.Value.Fn::GetAtt") in found
    assert not [rule for rule, place in found if rule == "AWS-51" and "Outputs.Id" in place]


ROLE = '{"Policies": [{"x": 1}], "AssumeRolePolicyDocument": {"Statement": "x"}}'


@pytest.mark.parametrize(
    "text",
    [
        '{"AWSTemplateFormatVersion": 1, "Resources": [1, 2], "Parameters": "x", "Outputs": 3}',
        '{"Resources": {"A": {"Type": "AWS::EC2::SecurityGroup", "Properties": 7}}}',
        f'{{"Resources": {{"A": {{"Type": "AWS::IAM::Role", "Properties": {ROLE}}}}}}}',
        '{"$schema": "deploymentTemplate.json#", "resources": {"a": 1}, "parameters": [1]}',
        '{"handler": "Microsoft.Azure.CreateUIDef", "parameters": {"steps": [1], "basics": {}}}',
        '{"format": "caretaker-listing/1", "title": [1], "support": "x", "highlights": {}}',
    ],
)
def test_a_strange_shape_is_an_error_and_no_crash(text: str, tmp_path: Path) -> None:
    (tmp_path / "strange.json").write_text(text)
    assert errors(check(tmp_path))


def test_the_command_line_refuses_with_the_place(tmp_path: Path) -> None:
    (tmp_path / "theirs.yaml").write_text(SHORT_FORMS)
    report = tmp_path / "found.sarif"
    status, said, error = run("check", str(tmp_path), "--sarif", str(report))
    assert status == 7
    assert error is not None
    assert error.code == "listing-invalid"
    assert "AWS-01" in said
    found = json.loads(report.read_text())
    assert found["version"] == "2.1.0"
    assert "AWS-01" in {each["ruleId"] for each in found["runs"][0]["results"]}
    report.unlink()
    status, said, _ = run("check", str(tmp_path), "--json")
    told = json.loads(said.splitlines()[0])
    assert (status, told["errors"] > 0) == (7, True)
    assert {"file", "place", "rule", "severity", "words", "cure"} == set(told["complaints"][0])


def test_the_command_line_says_what_is_missing(tmp_path: Path) -> None:
    for words, code in (
        (["check", str(tmp_path / "none")], "file-unreadable"),
        (["check", str(tmp_path)], "listing-invalid"),
        (["write", str(tmp_path), "--output", str(tmp_path / "o")], "file-unreadable"),
    ):
        _, _, error = run(*words)
        assert error is not None
        assert error.code == code
        assert error.hint
    assert run("check", "--list")[0] == 0
    assert run("check")[0] == 2


@pytest.mark.parametrize("name", ["ours", *EXAMPLES])
def test_the_answers_in_user_data_bring_the_url_of_what_waits(name: str) -> None:
    """As CloudFormation fills it in, cloud-init writes it and setup reads it."""
    text = MANIFEST
    if name != "ours":
        text = (house.REPOSITORY / "examples" / name / "appliance.toml").read_text()
    template = aws_template.template(product_of(parse(text)))
    waits = template["Resources"]["SetupEnded"]
    assert waits["DependsOn"] == "Appliance"
    assert waits["Properties"] == {"Handle": {"Ref": "SetupHandle"}, "Count": 1, "Timeout": "900"}
    data = template["Resources"]["LaunchTemplate"]["Properties"]["LaunchTemplateData"]["UserData"]
    script = data["Fn::Base64"]["Fn::Sub"].replace("${SetupHandle}", URL)
    for asked, parameter in template["Parameters"].items():
        script = script.replace(f"${{{asked}}}", str(parameter.get("Default", "x")))
    answers = yaml.safe_load(script)["write_files"][0]
    assert (answers["path"], answers["permissions"]) == ("/etc/caretaker/answers.toml", "0600")
    stack = parse_sheet(answers["content"].encode(), "answers.toml").stack
    assert stack == StackSignal(handle=read_handle(URL))
    assert stack.handle is not None
    assert (stack.handle.server, stack.handle.port) == (SERVER, 443)


def test_the_readme_asks_for_no_foreign_program() -> None:
    made = contents(product_of(parse(MANIFEST)))
    words = made["aws/README.md"].decode() + made["aws/template.yaml"].decode()
    assert "cfn-signal" not in words
    assert "cloudformation-waitcondition-" in words


def test_the_record_of_another_appliance_is_refused(tmp_path: Path) -> None:
    (tmp_path / "build.json").write_bytes(msgspec.json.encode(RECORD))
    example = str(Path(__file__).parents[2] / "examples/sochdb")
    words = ["marketplace", "write", example, "--output", str(tmp_path / "out")]
    done = CliRunner().invoke(program, [*words, "--record", str(tmp_path / "build.json")])
    assert isinstance(done.exception, RefusedError)
    assert "is of shop 1.2.3" in done.exception.message
    assert not (tmp_path / "out").exists()
