"""What each kind of field of createUiDefinition.json may hold and must hold.

The facts are those of Azure's published schema (azure-resource-manager-schemas, 0.1.2-preview,
CommonControl and ProviderControl), with the keys that the portal has learned since, said as a
table of our own. Kinds that are not in it are let through.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from packer.marketplace.complaint import Rule, Seen
from packer.marketplace.rules.azure_ui import elements
from packer.marketplace.walking import rows, table

_ALWAYS = ("name", "type", "visible", "scope")
_CHECKED = ("required", "regex", "validationMessage", "validations")


@dataclass(frozen=True, slots=True)
class Shape:
    """Keys besides those that every field has. `constraints` empty: any."""

    must: tuple[str, ...]
    may: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()


_LIST = Shape(
    ("label", "constraints"),
    ("defaultValue", "toolTip", "multiselect", "selectAll", "filter", "filterPlaceholder",
     "multiLine", "defaultDescription", "subLabel"),
    ("allowedValues", "required", "validations"),
)  # fmt: skip
_SHAPES = {
    "Microsoft.Common.TextBox": Shape(
        ("label",),
        ("defaultValue", "toolTip", "constraints", "placeholder", "multiLine", "subLabel"),
        _CHECKED,
    ),
    "Microsoft.Common.PasswordBox": Shape(
        ("label",), ("toolTip", "constraints", "options", "defaultValue"), _CHECKED
    ),
    "Microsoft.Common.DropDown": _LIST,
    "Microsoft.Common.OptionsGroup": _LIST,
    "Microsoft.Common.CheckBox": Shape(("label",), ("toolTip", "constraints", "defaultValue")),
    "Microsoft.Common.TextBlock": Shape(("options",)),
    "Microsoft.Common.InfoBox": Shape(("options",)),
    "Microsoft.Common.Section": Shape(("elements",), ("label", "toolTip")),
    "Microsoft.Compute.UserNameTextBox": Shape(
        ("label", "osPlatform"), ("defaultValue", "toolTip", "constraints"), _CHECKED
    ),
    "Microsoft.Compute.SizeSelector": Shape(
        ("label", "osPlatform"),
        ("toolTip", "recommendedSizes", "constraints", "options", "imageReference", "count"),
        ("allowedSizes", "excludedSizes", "numAvailabilityZonesRequired", "zone"),
    ),
}


def _keys(form: dict[str, Any]) -> Iterator[Seen]:
    for each in elements(form):
        shape = _SHAPES.get(each.type)
        if shape is None:
            continue
        for key in shape.must:
            if key not in each.whole:
                yield f"{each.place}.{key}", "must be there"
        for key in each.whole:
            if key not in (*_ALWAYS, *shape.must, *shape.may):
                yield f"{each.place}.{key}", f"is no key of {each.type}"
        for key in table(each.whole, "constraints") if shape.constraints else ():
            if key not in shape.constraints:
                yield f"{each.place}.constraints.{key}", f"is no constraint of {each.type}"


def _lists(form: dict[str, Any]) -> Iterator[Seen]:
    for each in elements(form):
        if _SHAPES.get(each.type) is not _LIST:
            continue
        place = f"{each.place}.constraints.allowedValues"
        offered = table(each.whole, "constraints").get("allowedValues")
        if isinstance(offered, str):
            continue  # an expression, which only the portal can evaluate
        if not rows(offered):
            yield place, "offers nothing"
        labels = [str(table(one).get("label", "")) for one in rows(offered)]
        if "" in labels or any("value" not in table(one) for one in rows(offered)):
            yield place, "each choice has a label and a value"
        default = each.whole.get("defaultValue")
        if isinstance(default, str) and not default.startswith("[") and default not in labels:
            yield f"{each.place}.defaultValue", "is no label of a choice"


FIELDS = (
    Rule("UI-13", "azure-ui", "error", "Fields have the keys of their kind",
         "see the element's page", "azure-resource-manager-schemas 0.1.2-preview", _keys),
    Rule("UI-14", "azure-ui", "error", "Lists offer choices, and begin with one of them",
         "allowedValues with label and value; defaultValue is a label",
         "azure-resource-manager-schemas 0.1.2-preview", _lists),
)  # fmt: skip
