"""The published schema of the manifest, held against bundles."""

import json
from pathlib import Path

import jsonschema
import pytest

from support.bundle import reading, record, schema
from tests.unit.support_bundles import SECRET, World

PUBLISHED = Path(__file__).parents[2] / "docs/reference/support-bundle.schema.json"


def test_the_published_one_is_what_the_records_say() -> None:
    assert PUBLISHED.read_text() == schema.text()  # python docs/generate.py


@pytest.mark.real
def test_a_bundles_manifest_holds_to_it(root: Path) -> None:
    world = World(root, {"a": {"a.txt": b"a" + SECRET, "broken.txt": b"b"}, "b": {}})
    with reading.reading(world.make().sealed.paths[0]) as bundle:
        found = {each.name: b"".join(each.blocks) for each in bundle.files()}
    manifest = json.loads(found[record.MANIFEST])
    published = json.loads(PUBLISHED.read_text())
    jsonschema.Draft202012Validator.check_schema(published)
    jsonschema.Draft202012Validator(published).validate(manifest)
    del manifest["header"]["machine"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(published).validate(manifest)
