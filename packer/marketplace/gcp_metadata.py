"""`metadata.yaml` and `metadata.display.yaml`: the module's interface and its form.

Owns both, made from the same variables as `variables.tf`. Source of the keys: Google's Cloud
Foundation Toolkit, `cli/bpmetadata/schema/gcp-blueprint-metadata.json`.
"""

from __future__ import annotations

from typing import Any

from packer.marketplace.gcp_module import OUTPUTS, PROVIDER, PROVIDER_VERSION, TERRAFORM_VERSION
from packer.marketplace.gcp_variables import SECTIONS, Variable, variables
from packer.marketplace.product import Product
from packer.marketplace.yaml_text import render

API = "blueprints.cloud.google.com/v1alpha1"
KIND = "BlueprintMetadata"
_HEAD = "Made from appliance.toml by `caretaker marketplace write`; change it there."
# Seconds: what setup takes on a small machine, and what Google's resources take to be made.
_SETUP, _MAKING = 120, 180


def metadata(product: Product) -> dict[str, Any]:
    listing = product.listing
    described: dict[str, Any] = {"tagline": product.summary}
    if listing.description:
        described["detailed"] = listing.description
    if listing.eula:
        described["eulaUrls"] = [listing.eula]
    info: dict[str, Any] = {
        "title": product.title,
        "version": product.version,
        "actuationTool": {"flavor": "Terraform", "version": TERRAFORM_VERSION},
        "description": described,
        "deploymentDuration": {"configurationSecs": _SETUP, "deploymentSecs": _MAKING},
        "softwareGroups": [
            {
                "type": "SG_VM",
                "software": [{"title": product.title, "version": product.version}],
            }
        ],
    }
    if product.vendor:
        info["author"] = {"title": product.vendor}
    if listing.support_url or listing.support_email:
        said = f"Support: {listing.support_url or listing.support_email}"
        info["supportInfo"] = {"description": said}
        if listing.support_url:
            info["supportInfo"]["url"] = listing.support_url
    content: dict[str, Any] = {}
    if listing.documentation:
        link = {"title": "Documents", "url": listing.documentation}
        content = {"content": {"documentation": [link]}}
    spec = {"info": info, **content, "interfaces": _interfaces(product), "requirements": _needs()}
    return _document(product, "", spec)


def display(product: Product) -> dict[str, Any]:
    shown = {
        each.name: _field(each, product)
        for each in variables(product)
    }  # fmt: skip
    used = {each.section for each in variables(product)}
    sections = [{"name": name, "title": title} for name, title in SECTIONS if name in used]
    spec = {
        "info": {"title": product.title},
        "ui": {
            "input": {"variables": shown, "sections": sections},
            "runtime": {
                "outputMessage": "The machine sets itself up; healthy after a minute or two.",
                "suggestedActions": [
                    {
                        "heading": "Look at it",
                        "description": "Sign in by SSH and ask how it is.",
                        "snippet": "sudo caretaker status",
                    }
                ],
                "outputs": {"address": {"label": "Address"}},
            },
        },
    }
    return _document(product, "-display", spec)


def metadata_text(product: Product) -> str:
    return render(metadata(product), head=_HEAD)


def display_text(product: Product) -> str:
    return render(display(product), head=_HEAD)


def _document(product: Product, suffix: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": API,
        "kind": KIND,
        "metadata": {
            "name": f"{product.name}{suffix}",
            "annotations": {"autogenSpecType": "SPEC_TYPE_SINGLE_VM"},
        },
        "spec": spec,
    }


def _interfaces(product: Product) -> dict[str, Any]:
    rows = []
    for each in variables(product):
        row: dict[str, Any] = {
            "name": each.name,
            "description": each.description,
            "varType": each.type,
        }
        row |= {"required": True} if each.required else {"defaultValue": each.default}
        rows.append(row)
    outputs = [{"name": name, "description": says} for name, says, _ in OUTPUTS]
    return {"variables": rows, "outputs": outputs}


def _needs() -> dict[str, Any]:
    roles = [
        "roles/compute.admin",
        "roles/iam.serviceAccountAdmin",
        "roles/iam.serviceAccountUser",
        "roles/resourcemanager.projectIamAdmin",
    ]
    return {
        "roles": [{"level": "Project", "roles": roles}],
        "services": ["compute.googleapis.com", "iam.googleapis.com"],
        "providerVersions": [{"source": PROVIDER, "version": PROVIDER_VERSION}],
    }


def _field(each: Variable, product: Product) -> dict[str, Any]:
    found: dict[str, Any] = {"name": each.name, "title": each.title, "tooltip": each.description}
    if not each.section:
        return {**found, "invisible": each.name != "goog_cm_deployment_name"} | _limits(each)
    found["section"] = each.section
    if each.google:
        found["xGoogleProperty"] = _google(each, product)
    if each.choices:
        found["enumValueLabels"] = [{"label": word, "value": word} for word in each.choices]
    return found | _limits(each)


def _limits(each: Variable) -> dict[str, Any]:
    if not each.regex:
        return {}
    return {"regexValidation": each.regex, "validation": each.wrong or "Small letters and digits."}


def _google(each: Variable, product: Product) -> dict[str, Any]:
    found: dict[str, Any] = {"type": each.google}
    if each.google == "ET_GCE_MACHINE_TYPE":
        memory = round(product.memory / (1 << 30), 2)
        found |= {
            "zoneProperty": "zone",
            "gceMachineType": {"minCpu": product.cpus, "minRamGb": memory},
        }
    if each.google == "ET_GCE_NETWORK":
        found["gceNetwork"] = {"machineTypeVariable": "machine_type"}
    if each.google == "ET_GCE_SUBNETWORK":
        found["gceSubnetwork"] = {"networkVariable": "network"}
    if each.google == "ET_GCE_ZONE" and (regions := product.regions("gcp")):
        found["gceZone"] = {"allowlistedRegions": list(regions)}
    return found
