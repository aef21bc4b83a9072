"""The published JSON Schema of manifest.json, out of its records.

Owns the text of docs/reference/support-bundle.schema.json. Refuses a second place where a field is
declared.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from support.bundle.record import FORMAT, BundleManifest

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    found = msgspec.json.schema(BundleManifest)
    return {
        "$schema": DIALECT,
        "title": f"manifest.json of a support bundle, format {FORMAT}",
        **found,
    }


def text() -> str:
    return json.dumps(schema(), indent=2, sort_keys=True) + "\n"
