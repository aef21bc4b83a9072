"""What clouds run before and after a snapshot. The clouds here are fakes: what their documents
say of their agents (places, modes, words) is all that is played."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from agent.backup import cloud
from agent.errors import RefusedError
from agent.layout import Layout


def root(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path, "shop")
    layout.state.mkdir(parents=True)
    return layout


def azures_agent_accepts(home: Path) -> dict[str, object]:
    """Its rules: the file 0600, the scripts 0700, all root's, and the keys it knows."""
    config = home / "etc/azure/VMSnapshotScriptPluginConfig.json"
    assert config.stat().st_mode & 0o777 == 0o600
    told: dict[str, object] = json.loads(config.read_text())
    assert set(told) == {
        "pluginName", "preScriptLocation", "postScriptLocation", "preScriptParams",
        "postScriptParams", "preScriptNoOfRetries", "postScriptNoOfRetries", "timeoutInSeconds",
        "continueBackupOnFailure", "fsFreezeEnabled",
    }  # fmt: skip
    for key in ("preScriptLocation", "postScriptLocation"):
        script = home / str(told[key]).lstrip("/")
        assert script.stat().st_mode & 0o777 == 0o700
        assert script.stat().st_uid == os.geteuid()
    return told


def test_azure(tmp_path: Path) -> None:
    layout = root(tmp_path)
    assert len(cloud.install(layout, "azure", by="a test")) == 3
    assert cloud.install(layout, "azure", by="a test") == []
    assert azures_agent_accepts(tmp_path)["fsFreezeEnabled"] is True


def test_google(tmp_path: Path) -> None:
    layout = root(tmp_path)
    cloud.install(layout, "google", by="a test")
    pre, post = (tmp_path / f"etc/google/snapshots/{name}.sh" for name in ("pre", "post"))
    assert "caretaker freeze --for 60s" in pre.read_text()
    assert "caretaker thaw" in post.read_text()
    assert {path.stat().st_mode & 0o777 for path in (pre, post)} == {0o700}


def test_a_script_of_somebody_elses_stays(tmp_path: Path) -> None:
    layout = root(tmp_path)
    theirs = tmp_path / "etc/google/snapshots/pre.sh"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("#!/bin/sh\n/opt/theirs\n")
    with pytest.raises(RefusedError):
        cloud.install(layout, "google", by="a test")
    assert theirs.read_text() == "#!/bin/sh\n/opt/theirs\n"
    assert not (theirs.parent / "post.sh").exists()


@pytest.mark.real
@pytest.mark.parametrize("word", ["pre-script", "post-script", "dry-run", "other"])
def test_the_document_for_aws_does_what_it_is_told(tmp_path: Path, word: str) -> None:
    told = json.loads(cloud.files_of("aws")["caretaker-snapshot.json"].text)
    assert told["schemaVersion"] == "2.2"
    assert word in [*told["parameters"]["command"]["allowedValues"], "other"]
    [step] = told["mainSteps"]
    script = "\n".join(step["inputs"]["runCommand"]).replace("{{command}}", word)
    fake = tmp_path / "caretaker"
    fake.write_text('#!/bin/sh\necho "$@"\n')
    fake.chmod(0o755)
    script = script.replace("/usr/local/bin/caretaker", str(fake))
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    said = {"pre-script": "freeze --for 60s\n", "post-script": "thaw\n", "dry-run": "--version\n"}
    assert done.stdout == said.get(word, "")
    assert done.returncode == (1 if word == "other" else 0)
