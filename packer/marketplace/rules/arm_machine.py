"""Rules on Azure's templates, what they make: secrets, machines, networks, rights."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from packer.marketplace.complaint import Rule, Seen
from packer.marketplace.rules.arm_shape import (
    expressions,
    is_expression,
    kind_of,
    parameters,
    resolved,
    resources,
    secure,
    used,
)
from packer.marketplace.rules.secrets_seen import FETCHED, GIVEN, NAMED, literal_secrets
from packer.marketplace.walking import rows, table, texts

Template = dict[str, Any]
_TTK = "arm-ttk"
_POLICY = "Commercial marketplace certification policies, 300 (Azure applications)"
_SECURITY = "Azure security baseline, virtual machines"
_VM = "microsoft.compute/virtualmachines"
_SETS = (_VM, "microsoft.compute/virtualmachinescalesets")
_EVERYBODY = ("*", "0.0.0.0/0", "::/0", "internet", "any")
# Built-in roles Owner, Contributor and User Access Administrator.
_WIDE = (
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
)


def _profile(template: Template) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """(place, properties, those of the machine) of machines and of sets of them."""
    for each in resources(template, *_SETS):
        inner = table(each.properties, "virtualMachineProfile")
        yield f"{each.place}.properties", each.properties, inner or each.properties


def _secure_default(template: Template) -> Iterator[Seen]:
    for name, each in parameters(template):
        default = str(each.get("defaultValue", ""))
        if kind_of(each).startswith("secure") and default and "newguid()" not in default.lower():
            yield f"parameters.{name}.defaultValue", "a secret that everybody has is none"


def _insecure(template: Template) -> Iterator[Seen]:
    for name, each in parameters(template):
        if kind_of(each) in ("string", "object") and NAMED.search(name):
            yield f"parameters.{name}.type", "is shown in the deployment's history"


def _told(template: Template) -> Iterator[Seen]:
    secret = secure(template)
    outputs = template.get("outputs")
    for place, name in used(outputs, "parameters", "outputs"):
        if name in secret:
            yield place, f"{name} is a secret"
    for spot in expressions(outputs, "outputs"):
        if re.search(r"(?i)\blist[a-z]*\(", spot.value):
            yield spot.place, "list…() tells keys"
    for name in table(template, "outputs"):
        if re.search(r"(?i)password|secret", str(name)):
            yield f"outputs.{name}", "is called like a secret"


def _literal_account(template: Template) -> Iterator[Seen]:
    for spot in texts(template.get("resources"), "resources"):
        if spot.key.lower() in ("adminusername", "adminpassword"):
            said = resolved(spot.value, template) if "variables(" in spot.value else spot.value
            if not is_expression(said) and said:
                yield spot.place, "is the same for everybody"


def _password(template: Template) -> Iterator[Seen]:
    for place, _, machine in _profile(template):
        linux = table(machine, "osProfile", "linuxConfiguration")
        said = resolved(linux.get("disablePasswordAuthentication"), template)
        if said is not True or "adminPassword" in table(machine, "osProfile"):
            yield f"{place}.osProfile", "lets somebody sign in with a password"


def _trusted(template: Template) -> Iterator[Seen]:
    for place, _, machine in _profile(template):
        profile = table(machine, "securityProfile")
        settings = table(profile, "uefiSettings")
        kind = resolved(profile.get("securityType"), template)
        if kind not in ("TrustedLaunch", "ConfidentialVM"):
            yield f"{place}.securityProfile", "is no trusted launch"
        for key in ("secureBootEnabled", "vTpmEnabled"):
            if resolved(settings.get(key), template) is not True:
                yield f"{place}.securityProfile.uefiSettings.{key}", "is not on"


def _size(template: Template) -> Iterator[Seen]:
    for each in resources(template, _VM):
        said = str(table(each.properties, "hardwareProfile").get("vmSize", ""))
        if "parameters(" not in said and "parameters(" not in str(resolved(said, template)):
            yield f"{each.place}.properties.hardwareProfile.vmSize", "is no parameter"


def _image(template: Template) -> Iterator[Seen]:
    for place, _, machine in _profile(template):
        image = table(machine, "storageProfile", "imageReference")
        version = resolved(image.get("version", "latest"), template)
        if "id" not in image and version != "latest":
            yield f"{place}.storageProfile.imageReference.version", "must be latest"
        if "preview" in str(image.get("sku", "")).lower() + str(image.get("offer", "")).lower():
            yield f"{place}.storageProfile.imageReference", "is a preview"
        if re.search(r"(?i)\.vhd\b", str(table(machine, "storageProfile", "osDisk").get("image"))):
            yield f"{place}.storageProfile.osDisk.image", "is a file in somebody's account"


def _old_identity(template: Template) -> Iterator[Seen]:
    for each in resources(template):
        if "managedidentityextension" in str(each.properties.get("type", "")).lower():
            yield each.place, "was replaced by identity of the machine itself"


def _commands(template: Template) -> Iterator[Seen]:
    secret = secure(template)
    for each in resources(template):
        for key in ("settings", "commandToExecute"):
            place = f"{each.place}.properties.{key}"
            for where, name in used(each.properties.get(key), "parameters", place):
                if name in secret:
                    yield where, f"{name} can be read there; protectedSettings hides it"


def _scripts(template: Template) -> Iterator[Seen]:
    secret = secure(template)
    for spot in texts(template.get("resources"), "resources"):
        if spot.key in ("customData", "userData", "commandToExecute") and (
            FETCHED.search(spot.value) or GIVEN.search(spot.value)
        ):
            yield spot.place, "runs what it fetches, or holds a secret"
        if spot.key in ("customData", "userData"):
            for place, name in used(spot.value, "parameters", spot.place):
                if name in secret:
                    yield place, f"{name} is a secret, and every process can read it there"


def _nested(template: Template) -> Iterator[Seen]:
    for each in resources(template, "microsoft.resources/deployments"):
        scope = table(each.properties, "expressionEvaluationOptions").get("scope", "outer")
        inner = table(each.properties, "template")
        names = [name for _, name in used(inner, "parameters")]
        if inner and str(scope).lower() != "inner" and set(names) & secure(template):
            yield each.place, "writes a secret into the history of the inner deployment"


def _security_rules(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    for each in resources(template, "microsoft.network/networksecuritygroups"):
        for number, rule in enumerate(rows(each.properties.get("securityRules"))):
            place = f"{each.place}.properties.securityRules[{number}]"
            yield place, table(rule, "properties")
    for each in resources(template, "microsoft.network/networksecuritygroups/securityrules"):
        yield each.place, each.properties


def _open(template: Template) -> Iterator[Seen]:
    for place, rule in _security_rules(template):
        sources = [*rows(rule.get("sourceAddressPrefix")), *rows(rule.get("sourceAddressPrefixes"))]
        world = [str(resolved(one, template)).lower() in _EVERYBODY for one in sources]
        inward = str(rule.get("direction")).lower() == "inbound"
        if not inward or str(rule.get("access")).lower() != "allow" or not any(world):
            continue
        ports = [*rows(rule.get("destinationPortRange")), *rows(rule.get("destinationPortRanges"))]
        for port in ports:
            if _covers(str(resolved(port, template)), 22) or _covers(str(port), 3389):
                yield place, f"port {port} is open to the world"


def _covers(said: str, port: int) -> bool:
    first, _, last = said.partition("-")
    if said == "*":
        return True
    return first.isdecimal() and int(first) <= port <= int(last if last.isdecimal() else first)


def _world_by_default(template: Template) -> Iterator[Seen]:
    for name, each in parameters(template):
        if str(each.get("defaultValue")).lower() in ("*", "0.0.0.0/0", "::/0"):
            yield (
                f"parameters.{name}.defaultValue",
                "is everybody, unless the customer thinks of it",
            )


def _probe(template: Template) -> Iterator[Seen]:
    for each in resources(template, "microsoft.network/loadbalancers"):
        probes = [table(probe, "properties") for probe in rows(each.properties.get("probes"))]
        if not probes:
            yield f"{each.place}.properties.probes", "nobody looks whether the application answers"
        for number, probe in enumerate(probes):
            kind, path = str(probe.get("protocol")), str(probe.get("requestPath", ""))
            if not kind.lower().startswith("http") or path in ("", "/"):
                yield f"{each.place}.properties.probes[{number}]", "asks no health page"


def _watched(template: Template) -> Iterator[Seen]:
    balancers = ("microsoft.network/loadbalancers", "microsoft.network/applicationgateways")
    machines = any(True for _ in resources(template, *_SETS))
    if machines and not any(True for _ in resources(template, *balancers)):
        yield "resources", "no load balancer looks whether the application answers"


def _roles(template: Template) -> Iterator[Seen]:
    for each in resources(template, "microsoft.authorization/roleassignments"):
        place = f"{each.place}.properties.roleDefinitionId"
        said = str(each.properties.get("roleDefinitionId", "")).lower()
        for _, name in used(each.properties.get("roleDefinitionId"), "variables"):
            said += str(resolved(f"[variables('{name}')]", template)).lower()
        if any(role in said for role in _WIDE):
            yield place, "may do nearly everything"
        elif not said:
            yield place, "names no role"


def _storage(template: Template) -> Iterator[Seen]:
    for each in resources(template, "microsoft.storage/storageaccounts"):
        if each.properties.get("allowBlobPublicAccess") is not False:
            yield f"{each.place}.properties.allowBlobPublicAccess", "may be read by everybody"
        if each.properties.get("supportsHttpsTrafficOnly") is False:
            yield f"{each.place}.properties.supportsHttpsTrafficOnly", "takes plain HTTP"


def _machine_address(template: Template) -> Iterator[Seen]:
    for each in resources(template, "microsoft.network/networkinterfaces"):
        for number, one in enumerate(rows(each.properties.get("ipConfigurations"))):
            if "publicIPAddress" in table(one, "properties"):
                place = f"{each.place}.properties.ipConfigurations[{number}]"
                yield place, "the machine is reached around the load balancer"


MACHINE = (
    Rule("AZ-30", "arm", "error", "Secrets have no default",
         "leave it out", f"{_TTK} Secure-String-Parameters-Cannot-Have-Default", _secure_default),
    Rule("AZ-31", "arm", "error", "Secrets are of a secure type",
         "securestring", f"{_TTK} Password-params-must-be-secure", _insecure),
    Rule("AZ-32", "arm", "error", "Outputs tell no secret",
         "say how to claim the appliance instead", f"{_TTK} Outputs-Must-Not-Contain-Secrets",
         _told),
    Rule("AZ-33", "arm", "error", "Accounts are the customer's own",
         "a parameter", f"{_TTK} adminUsername-, adminPassword-Should-Not-Be-A-Literal",
         _literal_account),
    Rule("AZ-34", "arm", "error", "Keys only, no password",
         "disablePasswordAuthentication: true, and ssh.publicKeys", _POLICY, _password),
    Rule("AZ-35", "arm", "error", "Machines boot what is signed (trusted launch)",
         "securityProfile with TrustedLaunch, secure boot and vTPM", _SECURITY, _trusted),
    Rule("AZ-36", "arm", "error", "The size is the customer's choice",
         "[parameters('vmSize')]", f"{_TTK} VM-Size-Should-Be-A-Parameter", _size),
    Rule("AZ-37", "arm", "error", "The image is a published one, at its latest",
         "version: latest",
         f"{_TTK} VM-Images-Should-Use-Latest-Version, Virtual-Machines-Should-Not-Be-Preview",
         _image),
    Rule("AZ-38", "arm", "error", "Identities are the platform's",
         "identity of the machine", f"{_TTK} ManagedIdentityExtension-must-not-be-used",
         _old_identity),
    Rule("AZ-39", "arm", "error", "Commands hide their secrets",
         "protectedSettings",
         f"{_TTK} CommandToExecute-Must-Use-ProtectedSettings-For-Secrets", _commands),
    Rule("AZ-40", "arm", "error", "First boot fetches nothing and is told no secret",
         "bake it into the image; let the machine make its secrets", _POLICY, _scripts),
    Rule("AZ-41", "arm", "error", "Inner deployments keep secrets to themselves",
         "expressionEvaluationOptions with scope inner",
         f"{_TTK} Secure-Params-In-Nested-Deployments", _nested),
    Rule("AZ-42", "arm", "error", "SSH and RDP are not open to the world",
         "ask for the network in a parameter", _SECURITY, _open),
    Rule("AZ-43", "arm", "error", "No parameter's default is the whole world",
         "leave the default out", _SECURITY, _world_by_default),
    Rule("AZ-44", "arm", "error", "Probes ask a page",
         "protocol Http, requestPath /healthz", "Azure Load Balancer, health probes", _probe),
    Rule("AZ-45", "arm", "error", "Somebody looks whether the application answers",
         "add a load balancer with a probe", "Azure Load Balancer, health probes", _watched),
    Rule("AZ-46", "arm", "error", "Roles are narrow",
         "a role of the few actions that are used, on the resource itself",
         "Azure RBAC best practices", _roles),
    Rule("AZ-47", "arm", "error", "Storage is closed to the public",
         "allowBlobPublicAccess: false", "Azure security baseline, storage", _storage),
    Rule("AZ-48", "arm", "warning", "The machine has no public address of its own",
         "let the load balancer have it", _SECURITY, _machine_address),
    Rule("AZ-49", "arm", "error", "No secret is written out",
         "take it out, and change it where it is used: it is known now", _POLICY,
         literal_secrets),
)  # fmt: skip
