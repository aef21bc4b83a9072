"""Rules on Azure's templates, their form: what the public template tests (arm-ttk) ask, retold.

`source` names the test of arm-ttk that asks the same, where there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from packer.marketplace.complaint import Rule, Seen
from packer.marketplace.rules.arm_shape import (
    Resource,
    expressions,
    is_expression,
    kind_of,
    parameters,
    resources,
    used,
    without_words,
)
from packer.marketplace.walking import rows, table, texts, walk

Template = dict[str, Any]
_TTK = "arm-ttk"
_SCHEMA = re.compile(
    r"https?://schema\.management\.azure\.com/schemas/\d{4}-\d\d-\d\d/"
    r"(?:subscription|tenant|managementGroup)?deploymentTemplate\.json#?", re.IGNORECASE
)  # fmt: skip
_API = re.compile(r"\d{4}-\d\d-\d\d(-[a-z]+)?")
# What was the newest once may be two years old at most: older versions than these were then.
_OLDEST = "2022-04-01"
_HARD = re.compile(
    r"(?i)https?://[a-z0-9.-]*(?:management\.azure\.com|management\.core\.windows\.net|"
    r"core\.windows\.net|database\.windows\.net|vault\.azure\.net|login\.microsoftonline\.com)"
)
# Azure Resource Manager, template limits.
_MOST = {"parameters": 256, "variables": 256, "outputs": 64, "resources": 800}
_SELF = "[deployment().properties.templateLink.uri]"


def _schema(template: Template) -> Iterator[Seen]:
    said = str(template.get("$schema", ""))
    if not _SCHEMA.fullmatch(said):
        yield "$schema", "names no schema of deployment templates"
    if not re.fullmatch(r"\d+\.\d+\.\d+\.\d+", str(template.get("contentVersion", ""))):
        yield "contentVersion", "must be like 1.0.0.0"


def _parts(template: Template) -> Iterator[Seen]:
    known = ("$schema", "contentVersion", "apiProfile", "metadata", "parameters", "functions",
             "variables", "resources", "outputs", "languageVersion", "definitions")  # fmt: skip
    for key in template:
        if key not in known:
            yield str(key), "is no part of a template"
    if not isinstance(template.get("parameters"), dict):
        yield "parameters", "must be there"
    if not rows(template.get("resources")):
        yield "resources", "makes nothing"


def _api_literal(template: Template) -> Iterator[Seen]:
    for each in resources(template):
        if not _API.fullmatch(str(each.whole.get("apiVersion", ""))):
            yield f"{each.place}.apiVersion", "must be a date, written out"


def _api_recent(template: Template) -> Iterator[Seen]:
    for each in resources(template):
        said = str(each.whole.get("apiVersion", ""))
        if _API.fullmatch(said) and said < _OLDEST:
            yield f"{each.place}.apiVersion", f"{said} is older than {_OLDEST}"


def _api_preview(template: Template) -> Iterator[Seen]:
    for each in resources(template):
        if str(each.whole.get("apiVersion", "")).count("-") > 2:
            yield f"{each.place}.apiVersion", "is a preview"
    for spot in expressions(template):
        if re.search(r"\breference\([^)]*'\d{4}-\d\d-\d\d-[a-z]+'", spot.value):
            yield spot.place, "asks in the words of a preview"


def _location(template: Template) -> Iterator[Seen]:
    said = table(template, "parameters", "location")
    if not said:
        yield "parameters", "location is missing"
        return
    if kind_of(said) != "string":
        yield "parameters.location.type", "must be string"
    default = said.get("defaultValue", "[resourceGroup().location]")
    if str(default).lower() not in ("[resourcegroup().location]", "global"):
        yield "parameters.location.defaultValue", "is one region for everybody"
    if "allowedValues" in said:
        yield "parameters.location.allowedValues", "shuts out regions to come"


def _located(template: Template) -> Iterator[Seen]:
    for each in resources(template):
        said = each.whole.get("location")
        if said is not None and not is_expression(said) and str(said).lower() != "global":
            yield f"{each.place}.location", f"{said} is written out"
    for spot in expressions(template.get("resources"), "resources"):
        if re.search(r"(?i)\b(resourceGroup|deployment)\(\)\.location", spot.value):
            yield spot.place, "takes the group's location, not the parameter's"


def _parameters_used(template: Template) -> Iterator[Seen]:
    rest = {key: value for key, value in template.items() if key != "parameters"}
    names = {name.lower() for _, name in used(rest, "parameters")}
    names |= {name.lower() for _, name in used(template.get("parameters"), "parameters")}
    for name, _ in parameters(template):
        if name.lower() not in names:
            yield f"parameters.{name}", "is asked and never used"


def _variables_used(template: Template) -> Iterator[Seen]:
    names = {name.lower() for _, name in used(template, "variables")}
    for name in table(template, "variables"):
        if str(name).lower() not in names and name != "copy":
            yield f"variables.{name}", "is never used"


def _declared(template: Template) -> Iterator[Seen]:
    for kind in ("parameters", "variables"):
        known = {str(name).lower() for name in table(template, kind)}
        outer = {key: value for key, value in template.items() if key != "resources"}
        own = [each for each in resources(template) if ".template." not in each.place]
        for place, name in used([outer, [_shallow(each.whole) for each in own]], kind):
            if name.lower() not in known:
                yield place, f"{name} is declared nowhere in {kind}"


def _shallow(resource: dict[str, Any]) -> dict[str, Any]:
    """Without what has parameters of its own or is looked at by itself."""
    inner = {key: value for key, value in resource.items() if key != "resources"}
    properties = {k: v for k, v in table(resource, "properties").items() if k != "template"}
    return {**inner, "properties": properties} if "properties" in inner else inner


def _uris(template: Template) -> Iterator[Seen]:
    for spot in texts(template):
        if _HARD.search(spot.value) and spot.key not in ("$schema", "description"):
            yield spot.place, "is another address in other clouds of Azure"


def _blanks(template: Template) -> Iterator[Seen]:
    for spot in walk({"resources": template.get("resources"), "outputs": template.get("outputs")}):
        empty = spot.value in ({}, []) or spot.value is None or spot.value == ""
        if empty and spot.place not in ("", "resources", "outputs"):
            yield spot.place, "is empty"


def _numbers(template: Template) -> Iterator[Seen]:
    for name, each in parameters(template):
        for key in ("minValue", "maxValue", "minLength", "maxLength"):
            said = each.get(key, 0)
            if not isinstance(said, int) or isinstance(said, bool):
                yield f"parameters.{name}.{key}", "must be a number, not a text"


def _expressions_as_names(template: Template) -> Iterator[Seen]:
    for kind in ("parameters", "variables", "outputs"):
        for name in table(template, kind):
            if is_expression(name):
                yield f"{kind}.{name}", "an expression can't be a name"


def _nothing_asked_at_once(template: Template) -> Iterator[Seen]:
    for spot in expressions(template):
        code = without_words(spot.value)
        if re.search(r"\bproviders\(", code):
            yield spot.place, "providers() gives another version tomorrow"


def _ids(template: Template) -> Iterator[Seen]:
    for spot in texts(template.get("resources"), "resources"):
        if spot.key != "id" or not spot.place.endswith(".id"):
            continue
        if not is_expression(spot.value):
            yield spot.place, "an id that is written out is somebody's own"
        elif not re.search(r"(?i)(resourceId|parameters|variables|reference)\(", spot.value):
            yield spot.place, "must come from resourceId(), a parameter or a variable"
        elif re.match(r"(?i)\[\s*concat\(\s*'/?subscriptions", spot.value):
            yield spot.place, "is put together by hand; use resourceId()"


def _resource_ids(template: Template) -> Iterator[Seen]:
    for spot in expressions(template):
        for inside in re.findall(
            r"(?i)\bresourceId\(((?:[^()']|'[^']*'|\([^()]*\))*)\)", spot.value
        ):
            if re.search(r"(?i)subscription\(\)\.|resourceGroup\(\)\.name|concat\(", inside):
                yield spot.place, "resourceId() has these by itself, and takes names apart"


def _waits(template: Template) -> Iterator[tuple[Resource, str, str]]:
    """(resource, place, dependency), of no more than a template of the allowed size has."""
    found = (
        (each, f"{each.place}.dependsOn[{number}]", str(one))
        for each in resources(template)
        for number, one in enumerate(rows(each.whole.get("dependsOn")))
    )
    return islice(found, _MOST["resources"] * 20)


def _depends(template: Template) -> Iterator[Seen]:
    conditional = {
        str(each.whole.get("name"))
        for each in islice(resources(template), _MOST["resources"])
        if "condition" in each.whole
    }
    for each, place, one in _waits(template):
        if is_expression(one) and re.match(r"(?i)\[\s*concat\(", one):
            yield place, "is put together by hand; use resourceId() or a name"
        if is_expression(one) and re.search(r"(?i)\bif\(", one):
            yield place, "depends on a condition"
        if "condition" not in each.whole and any(_names(one, name) for name in conditional):
            yield place, "what it waits for may not be made"


def _many(template: Template) -> Iterator[Seen]:
    counts = {key: len(table(template, key)) for key in ("parameters", "variables", "outputs")}
    counts["resources"] = sum(1 for _ in resources(template))
    for key, most in _MOST.items():
        if counts[key] > most:
            yield key, f"are {counts[key]}; {most} are allowed"


def _names(waited: str, name: str) -> bool:
    """Whether a dependency is on the resource of that name."""
    return bool(name) and name.strip("[]") in waited.strip("[]")


def _debug(template: Template) -> Iterator[Seen]:
    for each in resources(template, "microsoft.resources/deployments"):
        level = str(table(each.properties, "debugSetting").get("detailLevel", "none")).lower()
        if level != "none":
            yield f"{each.place}.properties.debugSetting", "writes parameters into the log"


def _artifacts(template: Template) -> Iterator[Seen]:
    known = table(template, "parameters")
    place, token = known.get("_artifactsLocation"), known.get("_artifactsLocationSasToken")
    if place is None and token is None:
        return
    if place is None or token is None:
        yield "parameters", "_artifactsLocation and its SasToken go together"
        return
    if str(table(place).get("defaultValue", _SELF)).replace(" ", "") != _SELF:
        yield "parameters._artifactsLocation.defaultValue", f"must be {_SELF}"
    if kind_of(table(token)) != "securestring" or table(token).get("defaultValue", "") != "":
        yield "parameters._artifactsLocationSasToken", "must be a securestring, empty by default"


def _linked(template: Template) -> Iterator[Seen]:
    for each in resources(template, "microsoft.resources/deployments"):
        said = str(table(each.properties, "templateLink").get("uri", ""))
        if said and "_artifactsLocation" not in said:
            yield f"{each.place}.properties.templateLink.uri", "is fetched from elsewhere"


FORM = (
    Rule("AZ-01", "arm", "error", "Schema and content version are right",
         "name the schema 2019-04-01/deploymentTemplate.json#",
         f"{_TTK} DeploymentTemplate-Schema-Is-Correct", _schema),
    Rule("AZ-02", "arm", "error", "The template has its parts",
         "$schema, contentVersion, parameters, variables, resources, outputs",
         f"{_TTK} Parameters-Property-Must-Exist", _parts),
    Rule("AZ-03", "arm", "error", "API versions are written out",
         "write the date", f"{_TTK} apiVersions-Should-Be-Recent", _api_literal),
    Rule("AZ-04", "arm", "error", "API versions are recent",
         "take a newer one of the provider", f"{_TTK} apiVersions-Should-Be-Recent", _api_recent),
    Rule("AZ-05", "arm", "error", "No preview of an API",
         "take the last one that is no preview",
         f"{_TTK} Reference-Function-Must-Not-Use-Preview-ApiVersion", _api_preview),
    Rule("AZ-06", "arm", "error", "There is a parameter for the location",
         "location, a string, [resourceGroup().location] by default",
         f"{_TTK} Location-Should-Not-Be-Hardcoded", _location),
    Rule("AZ-07", "arm", "error", "Resources stand where the parameter says",
         "[parameters('location')]", f"{_TTK} Resources-Should-Have-Location", _located),
    Rule("AZ-08", "arm", "error", "Every parameter is used",
         "delete it", f"{_TTK} Parameters-Must-Be-Referenced", _parameters_used),
    Rule("AZ-09", "arm", "error", "Every variable is used",
         "delete it", f"{_TTK} Variables-Must-Be-Referenced", _variables_used),
    Rule("AZ-10", "arm", "error", "What is named is declared",
         "declare it, or mend the spelling", "Azure Resource Manager, template syntax", _declared),
    Rule("AZ-11", "arm", "error", "No address of Azure is written out",
         "use environment()", f"{_TTK} DeploymentTemplate-Must-Not-Contain-Hardcoded-Uri", _uris),
    Rule("AZ-12", "arm", "error", "Nothing is empty",
         "leave it out", f"{_TTK} Template-Should-Not-Contain-Blanks", _blanks),
    Rule("AZ-13", "arm", "error", "Limits are numbers",
         "write it without quotes", f"{_TTK} Min-And-Max-Value-Are-Numbers", _numbers),
    Rule("AZ-14", "arm", "error", "Names are no expressions",
         "write the name out",
         f"{_TTK} Expressions-May-Not-Be-Used-As-Parameter-Or-Variable-Names",
         _expressions_as_names),
    Rule("AZ-15", "arm", "error", "API versions come from nobody else",
         "write the date", f"{_TTK} providers_apiVersions-Is-Not-Permitted",
         _nothing_asked_at_once),
    Rule("AZ-16", "arm", "error", "Ids come from functions",
         "resourceId()", f"{_TTK} IDs-Should-Be-Derived-From-ResourceIDs", _ids),
    Rule("AZ-17", "arm", "error", "resourceId() gets type and names alone",
         "leave out subscription and group, give each name by itself",
         f"{_TTK} ResourceIds-should-not-contain", _resource_ids),
    Rule("AZ-18", "arm", "error", "What is waited for is made",
         "name it by resourceId(), or wait for nothing conditional",
         f"{_TTK} DependsOn-Best-Practices, DependsOn-Must-Not-Be-Conditional", _depends),
    Rule("AZ-19", "arm", "error", "Deployments are not in debug mode",
         "take debugSetting out", f"{_TTK} Deployment-Resources-Must-Not-Be-Debug", _debug),
    Rule("AZ-20", "arm", "error", "Artefacts come from where the template is",
         "both parameters, or neither", f"{_TTK} artifacts-parameter", _artifacts),
    Rule("AZ-21", "arm", "error", "Linked templates come with the package",
         "[uri(parameters('_artifactsLocation'), …)]",
         f"{_TTK} External-Links-Must-Reference-ArtifactsLocation", _linked),
    Rule("AZ-22", "arm", "error", "The template is within the limits",
         "divide the application", "Azure Resource Manager, template limits", _many),
)  # fmt: skip
