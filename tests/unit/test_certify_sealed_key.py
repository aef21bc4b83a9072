"""`caretaker certify --key` with a key that a passphrase seals."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.cli.program import program
from agent.errors import CaretakerError
from packer.signing import blob, file_key, public_key


def test_a_sealed_key_is_opened_before_anything_is_read(tmp_path: Path) -> None:
    key, words = tmp_path / "release.key", tmp_path / "words"
    file_key.make(key, "ed25519", b"not to be guessed")
    words.write_text("not to be guessed\n")
    words.chmod(0o600)
    (tree := tmp_path / "tree").mkdir()
    argv = ["certify", "--root", str(tree), "--only", "SSH", "--json", "--key", str(key),
            "--output", str(tmp_path / "r.json")]  # fmt: skip
    done = CliRunner().invoke(program, argv)
    assert isinstance(done.exception, CaretakerError)
    assert "--passphrase-file" in done.exception.hint
    assert not (tmp_path / "r.json").exists()
    CliRunner().invoke(program, [*argv, "--passphrase-file", str(words)])
    blob.verify_file(tmp_path / "r.json", public_key.read(file_key.public_half(key)))


@pytest.mark.parametrize("verb", [("image", "base"), ("image", "build")])
def test_the_processor_has_one_name_everywhere(verb: tuple[str, ...]) -> None:
    assert "--architecture" in CliRunner().invoke(program, [*verb, "--help"]).output
