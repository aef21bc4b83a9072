"""`mainTemplate.json` of Azure's managed application, whole.

Owns its order and outputs. Refuses linked templates: all stands in one file.
"""

from __future__ import annotations

from typing import Any

from packer.marketplace.azure_parameters import answers, parameters
from packer.marketplace.azure_resources import ADDRESS, MACHINE, resources, variables
from packer.marketplace.product import Product

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def template(product: Product) -> dict[str, Any]:
    """Raises RefusedError `listing-invalid` for words that Azure can't carry."""
    own = variables(product)
    if product.settings:
        own["answers"] = answers(product)
    return {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "metadata": {
            "description": f"{product.name} {product.version}: one appliance behind a load "
            "balancer. Made from appliance.toml by `caretaker marketplace write`; change it there."
        },
        "parameters": parameters(product),
        "variables": own,
        "resources": resources(product),
        "outputs": {
            "address": {"type": "string", "value": f"[reference({ADDRESS}).ipAddress]"},
            "machine": {"type": "string", "value": f"[{MACHINE}]"},
            "claim": {
                "type": "string",
                "value": "Sign in by SSH with your key, then: sudo caretaker status",
            },
        },
    }
