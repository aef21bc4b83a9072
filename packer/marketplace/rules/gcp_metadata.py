"""Rules on the metadata of Google's module: the schema's facts, and that it tells what is there.

The keys are those of the Cloud Foundation Toolkit's gcp-blueprint-metadata.json, said as a table
of our own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from packer.marketplace.complaint import Rule, Seen
from packer.marketplace.documents import Module
from packer.marketplace.gcp_metadata import API, KIND
from packer.marketplace.hcl_read import Block
from packer.marketplace.walking import rows, table

_SCHEMA = "Cloud Foundation Toolkit, blueprint metadata"
_MARKET = "Google Cloud Marketplace, Terraform requirements for VM products"
_TOP = ("apiVersion", "kind", "metadata", "spec")
_SPEC = ("info", "content", "interfaces", "requirements", "ui")
_INFO = frozenset(
    (
        *("title", "source", "version", "actuationTool", "description", "icon", "costEstimate"),
        *("deploymentDuration", "cloudProducts", "quotaDetails", "author", "softwareGroups"),
        *("supportInfo", "orgPolicyChecks", "singleDeployment"),
    )
)
_VARIABLE = ("name", "description", "varType", "defaultValue", "required", "connections")
_SHOWN = frozenset(
    (
        *("name", "title", "invisible", "tooltip", "placeholder", "regexValidation", "minItems"),
        *("maxItems", "minLength", "maxLength", "min", "max", "section", "xGoogleProperty"),
        *("validation", "subtext", "enumValueLabels", "level", "booleanGroup", "altDefaults"),
        "toggleUsingVariable",
    )
)


def _files(module: Module) -> Iterator[Seen]:
    if module.metadata is None:
        yield "metadata.yaml", "is missing"
    if module.display is None:
        yield "metadata.display.yaml", "is missing"


def _documents(module: Module) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, value in (
        ("metadata.yaml", module.metadata),
        ("metadata.display.yaml", module.display),
    ):
        if value is not None:
            yield name, value


def _shape(module: Module) -> Iterator[Seen]:
    for name, value in _documents(module):
        if value.get("apiVersion") != API:
            yield f"{name}: apiVersion", f"must be {API}"
        if value.get("kind") != KIND:
            yield f"{name}: kind", f"must be {KIND}"
        for place, found, known in (
            ("", value, _TOP),
            ("spec.", table(value, "spec"), _SPEC),
            ("spec.info.", table(value, "spec", "info"), _INFO),
        ):
            for key in found:
                if key not in known:
                    yield f"{name}: {place}{key}", "is no key of the schema"
        if not table(value, "spec", "info").get("title"):
            yield f"{name}: spec.info.title", "must be there"


def _interface(module: Module) -> dict[str, dict[str, Any]]:
    said = rows(table(module.metadata, "spec", "interfaces").get("variables"))
    return {str(table(each).get("name")): table(each) for each in said}


def _declared(module: Module) -> dict[str, Block]:
    return {block.labels[0]: block for _, block in module.of("variable") if block.labels}


def _same(module: Module) -> Iterator[Seen]:
    if module.metadata is None:
        return
    said, made = _interface(module), _declared(module)
    for name in made.keys() - said.keys():
        yield f"metadata.yaml: {name}", "is missing; variables.tf declares it"
    for name in said.keys() - made.keys():
        yield f"metadata.yaml: {name}", "is no variable of the module"
    for name in sorted(said.keys() & made.keys()):
        yield from _as_declared(name, said[name], made[name])


def _as_declared(name: str, said: dict[str, Any], block: Block) -> Iterator[Seen]:
    place = f"metadata.yaml: {name}"
    for key in said:
        if key not in _VARIABLE:
            yield f"{place}.{key}", "is no key of the schema"
    kind = block.attributes["type"].flat if "type" in block.attributes else ""
    if str(said.get("varType", "")).replace(" ", "") != kind:
        yield f"{place}.varType", f"is {said.get('varType')}, and {kind} in variables.tf"
    required = "default" not in block.attributes
    if bool(said.get("required", False)) != required:
        yield f"{place}.required", "says other than variables.tf"
    literal = block.attributes["default"].literal if not required else None
    if literal is not None and said.get("defaultValue", "") != literal:
        yield f"{place}.defaultValue", "is another one in variables.tf"


def _outputs(module: Module) -> Iterator[Seen]:
    if module.metadata is None:
        return
    said = rows(table(module.metadata, "spec", "interfaces").get("outputs"))
    names = {str(table(each).get("name")) for each in said}
    made = {block.labels[0] for _, block in module.of("output") if block.labels}
    for name in sorted(names ^ made):
        where = "the module" if name in names else "metadata.yaml"
        yield f"metadata.yaml: outputs.{name}", f"is missing in {where}"


def _display(module: Module) -> Iterator[Seen]:
    if module.display is None:
        return
    form = table(module.display, "spec", "ui", "input")
    shown, made = table(form, "variables"), _declared(module)
    sections = {str(table(each).get("name")) for each in rows(form.get("sections"))}
    for name in sorted(made.keys() ^ {str(key) for key in shown}):
        where = "the form" if name in made else "the module"
        yield f"metadata.display.yaml: {name}", f"is missing in {where}"
    for name, each in shown.items():
        place = f"metadata.display.yaml: {name}"
        if table(each).get("name") != name or not table(each).get("title"):
            yield place, "has no title, or another name than its key"
        if table(each).get("section", "") not in ("", *sections):
            yield f"{place}.section", "is no section of the form"
        for key in table(each):
            if key not in _SHOWN:
                yield f"{place}.{key}", "is no key of the schema"


METADATA = (
    Rule("GCP-40", "terraform", "error", "Both metadata files are there",
         "metadata.yaml and metadata.display.yaml beside main.tf", _MARKET, _files),
    Rule("GCP-41", "terraform", "error", "They are of the schema",
         f"apiVersion {API}, kind {KIND}, keys of the schema alone", _SCHEMA, _shape),
    Rule("GCP-42", "terraform", "error", "metadata.yaml has the variables of the module",
         "the same names, types, defaults; required where there is no default", _SCHEMA, _same),
    Rule("GCP-43", "terraform", "error", "metadata.yaml has the outputs of the module",
         "the same names", _SCHEMA, _outputs),
    Rule("GCP-44", "terraform", "error", "The form asks for the variables of the module",
         "one entry for each, with a title, in a section that is there", _SCHEMA, _display),
)  # fmt: skip
