"""Rules on Google's Terraform module: what it makes, and who gets in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packer.marketplace.complaint import Rule, Seen
from packer.marketplace.documents import Module
from packer.marketplace.hcl_read import Block, Expression
from packer.marketplace.rules.secrets_seen import FETCHED, GIVEN, NAMED, kind_of

_MARKET = "Google Cloud Marketplace, Terraform requirements for VM products"
_LANGUAGE = "Terraform language"
_SHIELDED = "Google Cloud, Shielded VM"
_WORLD = ("0.0.0.0/0", "::/0")
_REQUIRED = ("project_id", "goog_cm_deployment_name", "source_image")
_WIDE_ROLES = ("roles/owner", "roles/editor", "roles/iam.securityAdmin",
               "roles/resourcemanager.projectIamAdmin")  # fmt: skip
_WIDE_SCOPES = ("cloud-platform", "https://www.googleapis.com/auth/cloud-platform",
                "compute-rw", "storage-full", "storage-rw")  # fmt: skip


def _all(module: Module) -> Iterator[tuple[str, Block]]:
    for file, block in module.blocks:
        for inner in block.all():
            yield f"{file}: {block.name}", inner


def _resources(module: Module, *types: str) -> Iterator[tuple[str, Block]]:
    for file, block in module.of("resource"):
        if block.labels and block.labels[0] in types:
            yield f"{file}: {block.name}", block


def _expressions(module: Module) -> Iterator[tuple[str, str, Expression]]:
    for place, block in _all(module):
        for key, expression in block.attributes.items():
            yield place, key, expression


def _names(module: Module, kind: str) -> set[str]:
    return {block.labels[0] for _, block in module.of(kind) if block.labels}


def _asked(module: Module) -> Iterator[Seen]:
    for name in _REQUIRED:
        if name not in _names(module, "variable"):
            yield "variables", f"{name} is missing"


def _declared(module: Module) -> Iterator[Seen]:
    variables, made = _names(module, "variable"), set()
    locals_ = {key for _, block in module.of("locals") for key in block.attributes}
    made = {".".join(block.labels[:2]) for _, block in module.of("resource")}
    for place, key, expression in _expressions(module):
        for reference in sorted(expression.references):
            first, _, second = reference.partition(".")
            missing = (
                (first == "var" and second not in variables)
                or (first == "local" and second not in locals_)
                or (first.startswith("google_") and reference not in made)
            )
            if missing:
                yield f"{place}.{key}", f"{reference} is declared nowhere"


def _used(module: Module) -> Iterator[Seen]:
    used = {name for _, _, expression in _expressions(module) for name in expression.references}
    for name in sorted(_names(module, "variable")):
        if f"var.{name}" not in used and name != "goog_cm_deployment_name":
            yield f"variable.{name}", "is asked and never used"
    for _, block in module.of("locals"):
        for key in block.attributes:
            if f"local.{key}" not in used:
                yield f"locals.{key}", "is never used"


def _described(module: Module) -> Iterator[Seen]:
    for file, block in [*module.of("variable"), *module.of("output")]:
        if not block.attributes.get("description", Expression("", "")).literal:
            yield f"{file}: {block.name}", "has no description"
        if block.kind == "variable" and "type" not in block.attributes:
            yield f"{file}: {block.name}", "has no type"


def _twice(module: Module) -> Iterator[Seen]:
    seen = set()
    for file, block in module.blocks:
        if block.kind in ("variable", "output", "resource", "data", "module"):
            if block.name in seen:
                yield f"{file}: {block.name}", "is there twice"
            seen.add(block.name)


def _provider(module: Module) -> Iterator[Seen]:
    found = [block for _, top in module.of("terraform") for block in top.all()]
    needed = [block for block in found if block.kind == "required_providers"]
    if not needed:
        yield "terraform", "required_providers is missing"
    for block in needed:
        for name, said in block.attributes.items():
            if "version=" not in said.flat:
                yield f"terraform.required_providers.{name}", "has no version"
    if not any("required_version" in block.attributes for block in found):
        yield "terraform", "required_version is missing"


def _shielded(module: Module) -> Iterator[Seen]:
    wanted = ("enable_secure_boot", "enable_vtpm", "enable_integrity_monitoring")
    for place, block in _resources(
        module, "google_compute_instance", "google_compute_instance_template"
    ):
        parts = [each for each in block.blocks if each.kind == "shielded_instance_config"]
        if not parts:
            yield place, "is no shielded VM"
        for part in parts:
            for key in wanted:
                if part.attributes.get(key, Expression("false", "")).raw != "true":
                    yield f"{place}.shielded_instance_config.{key}", "is not on"


def _metadata(module: Module) -> Iterator[tuple[str, str]]:
    for place, block in _resources(
        module, "google_compute_instance", "google_compute_instance_template"
    ):
        said = block.attributes.get("metadata")
        yield place, said.flat.lower() if said else ""


def _os_login(module: Module) -> Iterator[Seen]:
    for place, flat in _metadata(module):
        if not re.search(r'"?enable-oslogin"?=("?true"?)', flat):
            yield f"{place}.metadata", "enable-oslogin is not TRUE"
        if re.search(r'(?<![a-z-])"?ssh-?keys"?=', flat):
            yield f"{place}.metadata", "an SSH key is put on the machine"


def _serial(module: Module) -> Iterator[Seen]:
    for place, flat in _metadata(module):
        if re.search(r'"?serial-port-enable"?=("?(?:true|1)"?)', flat):
            yield f"{place}.metadata", "signing in by the serial port goes past the firewall"


def _scripts(module: Module) -> Iterator[Seen]:
    for place, key, expression in _expressions(module):
        if key in ("metadata", "metadata_startup_script") and (
            FETCHED.search(expression.raw) or GIVEN.search(expression.raw)
        ):
            yield f"{place}.{key}", "runs what it fetches, or holds a secret"


def _firewalls(module: Module) -> Iterator[tuple[str, Block, list[str]]]:
    """(place, block, its ranges), a variable's or local's literal default filled in."""
    known: dict[str, Expression] = {}
    for _, block in module.of("variable"):
        if block.labels and "default" in block.attributes:
            known[f"var.{block.labels[0]}"] = block.attributes["default"]
    for _, block in module.of("locals"):
        known |= {f"local.{key}": value for key, value in block.attributes.items()}
    for place, block in _resources(module, "google_compute_firewall"):
        said = block.attributes.get("source_ranges", Expression("", ""))
        ranges = list(said.literals)
        for name in said.references:
            ranges += known[name].literals if name in known else []
        yield place, block, ranges


def _open(module: Module) -> Iterator[Seen]:
    for place, block, ranges in _firewalls(module):
        if not set(ranges) & set(_WORLD):
            continue
        for part in [each for each in block.blocks if each.kind == "allow"]:
            ports = part.attributes.get("ports", Expression("", ""))
            wide = not ports.raw or any(_covers(port) for port in ports.literals)
            if wide:
                yield f"{place}.source_ranges", "SSH, RDP or everything is open to the world"


def _covers(said: str) -> bool:
    first, _, last = said.partition("-")
    if not first.isdecimal():
        return False
    return any(int(first) <= port <= int(last or first) for port in (22, 3389))


def _world_by_default(module: Module) -> Iterator[Seen]:
    for file, block in module.of("variable"):
        said = block.attributes.get("default")
        if said and set(said.literals) & set(_WORLD):
            yield f"{file}: {block.name}.default", "is everybody, unless the customer thinks of it"


def _unlimited(module: Module) -> Iterator[Seen]:
    for place, block, _ in _firewalls(module):
        if "source_ranges" not in block.attributes and "source_tags" not in block.attributes:
            inward = block.attributes.get("direction", Expression('"INGRESS"', "")).raw
            if "INGRESS" in inward:
                yield place, "names nobody, so it lets in everybody"


def _rights(module: Module) -> Iterator[Seen]:
    for place, block in _all(module):
        if block.kind != "resource" or "_iam_" not in (*block.labels, "")[0]:
            continue
        for key in ("role", "for_each"):
            said = block.attributes.get(key, Expression("", ""))
            for role in set(said.literals) & set(_WIDE_ROLES):
                yield f"{place}.{key}", f"{role} may do nearly everything"
        for key in ("member", "members"):
            said = block.attributes.get(key, Expression("", ""))
            if {"allUsers", "allAuthenticatedUsers"} & set(said.literals):
                yield f"{place}.{key}", "everybody is allowed"


def _scopes(module: Module) -> Iterator[Seen]:
    for place, block in _resources(
        module, "google_compute_instance", "google_compute_instance_template"
    ):
        parts = [each for each in block.blocks if each.kind == "service_account"]
        for part in parts:
            said = part.attributes.get("scopes", Expression("", ""))
            for scope in sorted(set(said.literals) & set(_WIDE_SCOPES)):
                yield f"{place}.service_account.scopes", f"{scope} is more than logs and metrics"
            if "email" not in part.attributes:
                yield f"{place}.service_account", "is the project's default, which is an editor"


def _health(module: Module) -> Iterator[Seen]:
    kinds = ("google_compute_health_check", "google_compute_region_health_check")
    found = list(_resources(module, *kinds))
    if not found and any(True for _ in _resources(module, "google_compute_instance")):
        yield "resource", "nobody looks whether the application answers"
    for place, block in found:
        asks = [each for each in block.blocks if each.kind in ("http_health_check",
                                                               "https_health_check")]  # fmt: skip
        paths = [each.attributes.get("request_path", Expression('"/"', "")).raw for each in asks]
        if not asks or any(path.strip('"') in ("", "/") for path in paths):
            yield place, "asks no health page"


def _provisioners(module: Module) -> Iterator[Seen]:
    for place, block in _all(module):
        if block.kind == "provisioner" or block.labels[:1] == ("null_resource",):
            yield place, "runs programs while the module is applied"
    for file, block in module.of("data", "external"):
        yield f"{file}: {block.name}", "runs programs while the module is applied"


def _backend(module: Module) -> Iterator[Seen]:
    for file, top in module.of("terraform"):
        for block in top.blocks:
            if block.kind in ("backend", "cloud"):
                yield f"{file}: terraform.{block.name}", "the marketplace keeps the state"


def _credentials(module: Module) -> Iterator[Seen]:
    for file, block in module.of("provider"):
        for key in ("credentials", "access_token"):
            if key in block.attributes:
                yield f"{file}: {block.name}.{key}", "is a credential of somebody's"
    for place, key, expression in _expressions(module):
        if kind := kind_of(expression.raw):
            yield f"{place}.{key}", f"{kind} stands there"


def _sensitive(module: Module) -> Iterator[Seen]:
    for file, block in module.of("variable"):
        name = (*block.labels, "")[0]
        if (
            NAMED.search(name)
            and block.attributes.get("sensitive", Expression("", "")).raw != "true"
        ):
            yield f"{file}: {block.name}", "is shown in plans"
        default = block.attributes.get("default", Expression("null", "null"))
        if NAMED.search(name) and default.raw not in ("null", '""'):
            yield f"{file}: {block.name}.default", "a secret that every customer has is none"


def _told(module: Module) -> Iterator[Seen]:
    secret = {f"var.{name}" for name in _names(module, "variable") if NAMED.search(name)}
    for file, block in module.of("output"):
        value = block.attributes.get("value", Expression("", ""))
        keys = re.search(r"google_service_account_key|random_password", value.code)
        hidden = block.attributes.get("sensitive", Expression("", "")).raw == "true"
        if (value.references & secret or keys) and not hidden:
            yield f"{file}: {block.name}", "tells a secret"


def _image(module: Module) -> Iterator[Seen]:
    for place, block in _all(module):
        said = block.attributes.get("image") if block.kind == "initialize_params" else None
        if said and "var.source_image" not in said.code and not said.code.startswith("local."):
            yield f"{place}.image", "is not var.source_image, which the marketplace sets"


def _sources(module: Module) -> Iterator[Seen]:
    for file, block in module.of("module"):
        said = block.attributes.get("source", Expression("", "")).literal or ""
        if not said.startswith("./"):
            yield f"{file}: {block.name}.source", "is fetched from elsewhere"


def _places(module: Module) -> Iterator[Seen]:
    for place, block in _all(module):
        for key in ("zone", "region", "project"):
            said = block.attributes.get(key, Expression("", "")).literal
            if said and block.kind in ("resource", "provider"):
                yield f"{place}.{key}", f"{said} is written out"


MODULE = (
    Rule("GCP-01", "terraform", "error", "The marketplace's variables are there",
         "declare project_id, goog_cm_deployment_name and source_image", _MARKET, _asked),
    Rule("GCP-02", "terraform", "error", "Every name is declared",
         "declare it, or mend the spelling", _LANGUAGE, _declared),
    Rule("GCP-03", "terraform", "error", "Every variable is used",
         "delete it", _MARKET, _used),
    Rule("GCP-04", "terraform", "error", "Variables and outputs are described",
         "description, and a type", _MARKET, _described),
    Rule("GCP-05", "terraform", "error", "Names are there once",
         "delete one", _LANGUAGE, _twice),
    Rule("GCP-06", "terraform", "error", "Versions of Terraform and providers are said",
         "required_version, and version in required_providers", _MARKET, _provider),
    Rule("GCP-10", "terraform", "error", "Machines boot what is signed (shielded VM)",
         "shielded_instance_config with all three on", _SHIELDED, _shielded),
    Rule("GCP-11", "terraform", "error", "Who signs in is known to IAM (OS Login)",
         'metadata enable-oslogin = "TRUE", no ssh-keys', "Google Cloud, OS Login", _os_login),
    Rule("GCP-12", "terraform", "error", "The serial port takes no sign-in",
         'serial-port-enable = "FALSE"', "Google Cloud, serial console", _serial),
    Rule("GCP-13", "terraform", "error", "First boot fetches nothing and is told no secret",
         "bake it into the image; let the machine make its secrets", _MARKET, _scripts),
    Rule("GCP-14", "terraform", "error", "SSH and RDP are not open to the world",
         "ask for the networks in a variable", "Google Cloud, VPC firewall rules", _open),
    Rule("GCP-15", "terraform", "error", "No variable's default is the whole world",
         "leave the default out", "Google Cloud, VPC firewall rules", _world_by_default),
    Rule("GCP-16", "terraform", "error", "Firewall rules name who comes",
         "source_ranges", "Google Cloud, VPC firewall rules", _unlimited),
    Rule("GCP-17", "terraform", "error", "Roles are narrow, and for nobody unknown",
         "roles of the few actions that are used", "IAM, least privilege", _rights),
    Rule("GCP-18", "terraform", "error", "The machine's account has narrow scopes",
         "an account of its own, logging-write and monitoring-write",
         "Google Cloud, service accounts", _scopes),
    Rule("GCP-19", "terraform", "error", "Health checks ask a page",
         "http_health_check with request_path /healthz", "Google Cloud, health checks", _health),
    Rule("GCP-20", "terraform", "error", "Nothing runs while the module is applied",
         "bake it into the image", _MARKET, _provisioners),
    Rule("GCP-21", "terraform", "error", "The state is the marketplace's",
         "take backend out", _MARKET, _backend),
    Rule("GCP-22", "terraform", "error", "No credential is written out",
         "take it out, and change it where it is used: it is known now", _MARKET, _credentials),
    Rule("GCP-23", "terraform", "error", "Secrets are sensitive and have no default",
         "sensitive = true, no default", _LANGUAGE, _sensitive),
    Rule("GCP-24", "terraform", "error", "Outputs tell no secret",
         "say how to claim the appliance instead", _MARKET, _told),
    Rule("GCP-25", "terraform", "error", "The image is the one that the marketplace names",
         "var.source_image", _MARKET, _image),
    Rule("GCP-26", "terraform", "error", "Modules come with the package",
         "put it beside, source = \"./…\"", _MARKET, _sources),
    Rule("GCP-27", "terraform", "error", "Zone, region and project are the customer's",
         "a variable", _MARKET, _places),
)  # fmt: skip
