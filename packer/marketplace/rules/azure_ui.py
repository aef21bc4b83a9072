"""Rules on createUiDefinition.json, alone and beside its template.

What Azure's published schema (0.1.2-preview) asks of structure is said here in rules of our own;
`source` names the test of arm-ttk that asks the same, where there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from packer.marketplace.azure_ui import HANDLER, SCHEMA, VERSION
from packer.marketplace.complaint import Rule, Seen
from packer.marketplace.documents import AzurePackage
from packer.marketplace.rules.arm_shape import is_expression, kind_of, parameters
from packer.marketplace.rules.secrets_seen import literal_secrets
from packer.marketplace.walking import rows, table, texts, walk

Form = dict[str, Any]
_TTK = "arm-ttk"
_DOC = "createUiDefinition, elements"
_KNOWN = re.compile(
    r"Microsoft\.(?:Common|Compute|Network|Storage|ManagedIdentity|Solutions|KeyVault)\.\w+"
)
_STEP = re.compile(r"steps\(\s*'([^']+)'\s*\)((?:\??\.[A-Za-z_]\w*)*)")
_BASIC = re.compile(r"basics\(\s*'([^']+)'\s*\)")
_NO_TIP = frozenset(
    ("Microsoft.Common.InfoBox", "Microsoft.Common.Section", "Microsoft.Common.TextBlock",
     "Microsoft.Network.VirtualNetworkCombo", "Microsoft.Storage.StorageAccountSelector",
     "Microsoft.Common.ServicePrincipalSelector", "Microsoft.Solutions.ArmApiControl",
     "Microsoft.Compute.CredentialsCombo", "Microsoft.Network.PublicIpAddressCombo")
)  # fmt: skip


class Element(NamedTuple):
    """One field; `step` is empty for the basics."""

    step: str
    whole: dict[str, Any]
    place: str

    @property
    def type(self) -> str:
        return str(self.whole.get("type", ""))

    @property
    def name(self) -> str:
        return str(self.whole.get("name", ""))


def elements(form: Form) -> Iterator[Element]:
    """Every field, those inside sections too."""
    inside = table(form, "parameters")
    waiting = [("", each, f"parameters.basics[{n}]") for n, each in enumerate(_basics(form))]
    for n, step in enumerate(rows(inside.get("steps"))):
        for m, each in enumerate(rows(table(step).get("elements"))):
            place = f"parameters.steps[{n}].elements[{m}]"
            waiting.append((str(table(step).get("name", "")), each, place))
    while waiting:
        step_name, whole, place = waiting.pop(0)
        if isinstance(whole, dict):
            yield Element(step_name, whole, place)
            for n, each in enumerate(rows(whole.get("elements"))):
                waiting.append((step_name, each, f"{place}.elements[{n}]"))


def _basics(form: Form) -> list[Any]:
    return rows(table(form, "parameters").get("basics"))


def _handler(form: Form) -> Iterator[Seen]:
    if form.get("handler") != HANDLER:
        yield "handler", f"must be {HANDLER}"
    if form.get("version") != VERSION:
        yield "version", f"must be {VERSION}"
    if str(form.get("$schema", "")).lower().rstrip("#") != SCHEMA.lower().rstrip("#"):
        yield "$schema", f"must be {SCHEMA}"


def _parts(form: Form) -> Iterator[Seen]:
    inside = table(form, "parameters")
    if not inside:
        yield "parameters", "must be there"
        return
    for key, kind in (("basics", list), ("steps", list), ("outputs", dict)):
        if not isinstance(inside.get(key), kind):
            yield f"parameters.{key}", "must be there"
    for key in inside:
        if key not in ("basics", "steps", "outputs", "config", "resourceTypes"):
            yield f"parameters.{key}", "is no part of a form"
    names = set()
    for n, step in enumerate(rows(inside.get("steps"))):
        for key in ("name", "label", "elements"):
            if not table(step).get(key):
                yield f"parameters.steps[{n}].{key}", "must be there"
        if (name := str(table(step).get("name"))) in names:
            yield f"parameters.steps[{n}].name", f"{name} is taken"
        names.add(name)


def _fields(form: Form) -> Iterator[Seen]:
    seen = set()
    for each in elements(form):
        if not _KNOWN.fullmatch(each.type):
            yield f"{each.place}.type", f"{each.type or 'nothing'} is no kind of field"
        if not each.name:
            yield f"{each.place}.name", "must be there"
        if (each.step, each.name) in seen:
            yield f"{each.place}.name", f"{each.name} is taken"
        seen.add((each.step, each.name))


def _tips(form: Form) -> Iterator[Seen]:
    for each in elements(form):
        tip = each.whole.get("toolTip")
        if not tip and each.type not in _NO_TIP:
            yield f"{each.place}.toolTip", "must say what is wanted"


def _blanks(form: Form) -> Iterator[Seen]:
    for each in elements(form):
        for spot in walk(each.whole, each.place):
            if spot.value in ({}, []) or spot.value is None:
                yield spot.place, "is empty"


def _boxes(form: Form) -> Iterator[Seen]:
    for each in elements(form):
        if each.type != "Microsoft.Common.TextBox":
            continue
        limits = table(each.whole, "constraints")
        if not limits.get("regex") and not limits.get("validations"):
            yield f"{each.place}.constraints.regex", "takes any text"
        if limits.get("regex") and not limits.get("validationMessage"):
            yield f"{each.place}.constraints.validationMessage", "does not say what is wrong"
        regex = str(limits.get("regex", ""))
        if regex and not is_expression(regex) and not regex.startswith("^"):
            yield f"{each.place}.constraints.regex", "does not begin with ^, so it holds anywhere"


def _validations(form: Form) -> Iterator[Seen]:
    for spot in walk(table(form, "parameters"), "parameters"):
        if spot.key == "validations" and spot.place.endswith("]") and isinstance(spot.value, dict):
            if not spot.value.get("message"):
                yield spot.place, "does not say what is wrong"
            if not spot.value.get("regex") and not spot.value.get("isValid"):
                yield spot.place, "checks nothing"


def _passwords(form: Form) -> Iterator[Seen]:
    for each in elements(form):
        if "CredentialsCombo" not in each.type and "PasswordBox" not in each.type:
            continue
        if table(each.whole, "options").get("hideConfirmation") not in (None, False):
            yield f"{each.place}.options.hideConfirmation", "a slip of the finger is not noticed"
        regex = str(table(each.whole, "constraints").get("regex", ""))
        least = re.search(r"\{(\d+)", regex)
        if "PasswordBox" in each.type and not (least and int(least[1]) >= 12):
            yield f"{each.place}.constraints.regex", "does not ask for twelve characters"


def _users(form: Form) -> Iterator[Seen]:
    for each in elements(form):
        if each.type == "Microsoft.Compute.UserNameTextBox" and each.whole.get("defaultValue"):
            yield f"{each.place}.defaultValue", "a name that everybody has is half of a sign-in"


def _outputs_exist(form: Form) -> Iterator[Seen]:
    known = {(each.step, each.name) for each in elements(form)}
    steps = {str(table(one).get("name")) for one in rows(table(form, "parameters").get("steps"))}
    for spot in texts(table(form, "parameters"), "parameters"):
        if not is_expression(spot.value):
            continue
        for name in _BASIC.findall(spot.value):
            if ("", name) not in known:
                yield spot.place, f"there is no field {name} in the basics"
        for step, way in _STEP.findall(spot.value):
            first = way.replace("?", "").strip(".").split(".")[0]
            if step not in steps or (first and (step, first) not in known):
                yield spot.place, f"there is no field {first or ''} in step {step}"


def _located(form: Form) -> Iterator[Seen]:
    said = str(table(form, "parameters", "outputs").get("location", ""))
    if "location()" not in said:
        yield "parameters.outputs.location", "must be [location()]"


def _secrets(form: Form) -> Iterator[Seen]:
    yield from literal_secrets(form)


def _match(package: AzurePackage) -> Iterator[Seen]:
    known = {name.lower() for name, _ in parameters(package.template)}
    outputs = {str(name).lower(): name for name in table(package.ui, "parameters", "outputs")}
    for name in outputs:
        if name not in known and name not in ("applicationresourcename", "managedresourcegroupid"):
            yield f"parameters.outputs.{outputs[name]}", "is no parameter of the template"
    for name, each in parameters(package.template):
        if "defaultValue" not in each and name.lower() not in outputs:
            yield "parameters.outputs", f"{name} has no default, and the form does not ask for it"


def _secure_fields(package: AzurePackage) -> Iterator[Seen]:
    fields = {(each.step, each.name): each for each in elements(package.ui)}
    outputs = table(package.ui, "parameters", "outputs")
    for name, parameter in parameters(package.template):
        said = str(outputs.get(name, ""))
        ends = [("", basic) for basic in _BASIC.findall(said)]
        ends += [(step, way.replace("?", "").strip(".").split(".")[0])
                 for step, way in _STEP.findall(said)]  # fmt: skip
        for end in ends:
            shown = fields[end].type if end in fields else ""
            if kind_of(parameter) == "securestring" and shown == "Microsoft.Common.TextBox":
                yield fields[end].place, f"{name} is a secret, and is shown while it is typed"


def _sizes(package: AzurePackage) -> Iterator[Seen]:
    allowed = {
        str(size).lower()
        for name, each in parameters(package.template)
        for size in rows(each.get("allowedValues"))
        if "size" in name.lower()
    }
    for each in elements(package.ui):
        if each.type != "Microsoft.Compute.SizeSelector":
            continue
        offered = [
            *rows(table(each.whole, "constraints").get("allowedSizes")),
            *rows(each.whole.get("recommendedSizes")),
        ]
        if not offered:
            yield each.place, "offers every size, also those that do not fit"
        for size in offered:
            if allowed and str(size).lower() not in allowed:
                yield each.place, f"{size} is refused by the template"


def _choices(package: AzurePackage) -> Iterator[Seen]:
    outputs = table(package.ui, "parameters", "outputs")
    fields = {(each.step, each.name): each for each in elements(package.ui)}
    for name, parameter in parameters(package.template):
        allowed = [str(value) for value in rows(parameter.get("allowedValues"))]
        for step, way in _STEP.findall(str(outputs.get(name, ""))):
            field = fields.get((step, way.replace("?", "").strip(".").split(".")[0]))
            if field is None or not allowed or field.type != "Microsoft.Common.DropDown":
                continue
            for one in rows(table(field.whole, "constraints").get("allowedValues")):
                if str(table(one).get("value")) not in allowed:
                    yield field.place, f"{table(one).get('value')} is refused by the template"


FORM = (
    Rule("UI-01", "azure-ui", "error", "Handler, version and schema are right",
         f"handler {HANDLER}, version {VERSION}", f"{_TTK} Handler-Must-Be-Correct", _handler),
    Rule("UI-02", "azure-ui", "error", "The form has its parts",
         "basics, steps with name, label and elements, outputs",
         f"{_TTK} CreateUIDefinition-Must-Have-Parameters", _parts),
    Rule("UI-03", "azure-ui", "error", "Fields have a kind and a name of their own",
         "see the list of elements", _DOC, _fields),
    Rule("UI-04", "azure-ui", "error", "Fields say what they are for",
         "toolTip", f"{_TTK} Tooltips-Should-Be-Present", _tips),
    Rule("UI-05", "azure-ui", "error", "Nothing is empty",
         "leave it out", f"{_TTK} CreateUIDefinition-Must-Not-Have-Blanks", _blanks),
    Rule("UI-06", "azure-ui", "error", "Texts are checked",
         "constraints with regex and validationMessage", f"{_TTK} Textboxes-Are-Well-Formed",
         _boxes),
    Rule("UI-07", "azure-ui", "error", "Checks say what is wrong",
         "regex or isValid, and message", f"{_TTK} Validations-Must-Have-Message", _validations),
    Rule("UI-08", "azure-ui", "error", "Passwords are long and typed twice",
         "a regex with {12,}, and no hideConfirmation",
         f"{_TTK} PasswordBoxes-Must-Have-Min-Length, Credential-Confirmation-Should-Not-Be-Hidden",
         _passwords),
    Rule("UI-09", "azure-ui", "error", "Names of users are the customer's own",
         "leave defaultValue out", f"{_TTK} Usernames-Should-Not-Have-A-Default", _users),
    Rule("UI-10", "azure-ui", "error", "What is handed on is a field",
         "mend the name", f"{_TTK} Controls-In-Outputs-Must-Exist", _outputs_exist),
    Rule("UI-11", "azure-ui", "error", "The location is handed on",
         "location: [location()]", f"{_TTK} Location-Should-Be-In-Outputs", _located),
    Rule("UI-12", "azure-ui", "error", "No secret is written out",
         "take it out, and change it where it is used", _DOC, _secrets),
    Rule("UI-20", "azure-package", "error", "Form and template ask for the same",
         "give outputs the names of the parameters",
         f"{_TTK} Outputs-Must-Be-Present-In-Template-Parameters, "
         "Parameters-Without-Default-Must-Exist-In-CreateUIDefinition", _match),
    Rule("UI-21", "azure-package", "error", "Secrets are not shown while typed",
         "Microsoft.Common.PasswordBox",
         f"{_TTK} Password-Textboxes-Must-Be-Used-For-Password-Parameters", _secure_fields),
    Rule("UI-22", "azure-package", "error", "Sizes are those that the template takes",
         "the same list in both", f"{_TTK} VMSizes-Must-Match-Template", _sizes),
    Rule("UI-23", "azure-package", "error", "Choices are those that the template takes",
         "the same list in both", f"{_TTK} Allowed-Values-Should-Actually-Be-Allowed", _choices),
)  # fmt: skip
