"""The resources of Azure's template: network, load balancer, machine, its one right.

Owns them and their order. Refuses passwords, open rules and roles wider than metrics.
"""

from __future__ import annotations

from typing import Any

from packer.marketplace.azure_parameters import has_plan
from packer.marketplace.product import Product

Resource = dict[str, Any]
NETWORK = "2024-05-01"
COMPUTE = "2024-07-01"
AUTHORIZATION = "2022-04-01"
HEALTH_PATH = "/healthz"
_POOL = "appliance"
_FRONT = "public"
_PROBE = "health"


def variables(product: Product) -> dict[str, Any]:
    name = "parameters('vmName')"
    return {
        "networkName": f"[concat({name}, '-network')]",
        "groupName": f"[concat({name}, '-rules')]",
        "addressName": f"[concat({name}, '-address')]",
        "balancerName": f"[concat({name}, '-balancer')]",
        "interfaceName": f"[concat({name}, '-interface')]",
        "subnetName": "appliance",
        # The built-in role Monitoring Metrics Publisher: it may write metrics, and read nothing.
        "metricsPublisher": "3913510d-42f4-4e42-8a64-420c390055eb",
        "tags": {"caretaker-application": product.name, "caretaker-version": product.version},
    }


def resources(product: Product) -> list[Resource]:
    return [
        _group(product),
        _ssh(),
        _network(),
        _address(),
        _balancer(product),
        _interface(),
        _machine(product),
        _right(),
    ]


def resource_id(kind: str, *names: str) -> str:
    """The inside of an expression."""
    return f"resourceId('{kind}', {', '.join(names)})"


_GROUP = resource_id("Microsoft.Network/networkSecurityGroups", "variables('groupName')")
_NETWORK = resource_id("Microsoft.Network/virtualNetworks", "variables('networkName')")
_ADDRESS = resource_id("Microsoft.Network/publicIPAddresses", "variables('addressName')")
_BALANCER = resource_id("Microsoft.Network/loadBalancers", "variables('balancerName')")
_INTERFACE = resource_id("Microsoft.Network/networkInterfaces", "variables('interfaceName')")
MACHINE = resource_id("Microsoft.Compute/virtualMachines", "parameters('vmName')")
ADDRESS = _ADDRESS


def _made(kind: str, api: str, name: str, **more: Any) -> Resource:
    return {
        "type": kind,
        "apiVersion": api,
        "name": name,
        "location": "[parameters('location')]",
        "tags": "[variables('tags')]",
        **more,
    }


def _rule(name: str, priority: int, source: str, ports: list[str], access: str) -> Resource:
    where: Resource = (
        {"destinationPortRange": ports[0]} if len(ports) == 1 else {"destinationPortRanges": ports}
    )
    return {
        "name": name,
        "properties": {
            "priority": priority,
            "direction": "Inbound",
            "access": access,
            "protocol": "Tcp" if access == "Allow" else "*",
            "sourceAddressPrefix": source,
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            **where,
        },
    }


def _group(product: Product) -> Resource:
    ports = [str(port) for port in product.ports or (product.probe,)]
    rules = [
        _rule("clients", 100, "[parameters('clientAddressPrefix')]", ports, "Allow"),
        _rule("health", 200, "AzureLoadBalancer", [str(product.probe)], "Allow"),
        _rule("nothing-else", 4096, "*", ["*"], "Deny"),
    ]
    return _made(
        "Microsoft.Network/networkSecurityGroups",
        NETWORK,
        "[variables('groupName')]",
        properties={"securityRules": rules},
    )


def _ssh() -> Resource:
    rule = _rule("ssh", 300, "[parameters('sshAddressPrefix')]", ["22"], "Allow")
    return {
        "type": "Microsoft.Network/networkSecurityGroups/securityRules",
        "apiVersion": NETWORK,
        "name": "[concat(variables('groupName'), '/ssh')]",
        "condition": "[not(empty(parameters('sshAddressPrefix')))]",
        "dependsOn": [f"[{_GROUP}]"],
        "properties": rule["properties"],
    }


def _network() -> Resource:
    subnet = {
        "name": "[variables('subnetName')]",
        "properties": {
            "addressPrefix": "10.86.0.0/24",
            "networkSecurityGroup": {"id": f"[{_GROUP}]"},
        },
    }
    return _made(
        "Microsoft.Network/virtualNetworks",
        NETWORK,
        "[variables('networkName')]",
        dependsOn=[f"[{_GROUP}]"],
        properties={"addressSpace": {"addressPrefixes": ["10.86.0.0/16"]}, "subnets": [subnet]},
    )


def _address() -> Resource:
    return _made(
        "Microsoft.Network/publicIPAddresses",
        NETWORK,
        "[variables('addressName')]",
        sku={"name": "Standard"},
        properties={"publicIPAllocationMethod": "Static"},
    )


def _of_balancer(part: str, name: str) -> dict[str, str]:
    kind = f"Microsoft.Network/loadBalancers/{part}"
    inside = resource_id(kind, "variables('balancerName')", f"'{name}'")
    return {"id": f"[{inside}]"}


def _balancer(product: Product) -> Resource:
    rules = [
        {
            "name": f"port-{port}",
            "properties": {
                "frontendIPConfiguration": _of_balancer("frontendIPConfigurations", _FRONT),
                "backendAddressPool": _of_balancer("backendAddressPools", _POOL),
                "probe": _of_balancer("probes", _PROBE),
                "protocol": "Tcp",
                "frontendPort": port,
                "backendPort": port,
                "idleTimeoutInMinutes": 15,
                "enableTcpReset": True,
            },
        }
        for port in product.ports or (product.probe,)
    ]
    probe = {
        "name": _PROBE,
        "properties": {
            "protocol": "Http",
            "port": product.probe,
            "requestPath": HEALTH_PATH,
            "intervalInSeconds": 10,
            "probeThreshold": 2,
        },
    }
    front = {"name": _FRONT, "properties": {"publicIPAddress": {"id": f"[{_ADDRESS}]"}}}
    return _made(
        "Microsoft.Network/loadBalancers",
        NETWORK,
        "[variables('balancerName')]",
        sku={"name": "Standard"},
        dependsOn=[f"[{_ADDRESS}]"],
        properties={
            "frontendIPConfigurations": [front],
            "backendAddressPools": [{"name": _POOL}],
            "probes": [probe],
            "loadBalancingRules": rules,
        },
    )


def _interface() -> Resource:
    kind = "Microsoft.Network/virtualNetworks/subnets"
    subnet = resource_id(kind, "variables('networkName')", "variables('subnetName')")
    configuration = {
        "name": "first",
        "properties": {
            "privateIPAllocationMethod": "Dynamic",
            "subnet": {"id": f"[{subnet}]"},
            "loadBalancerBackendAddressPools": [_of_balancer("backendAddressPools", _POOL)],
        },
    }
    return _made(
        "Microsoft.Network/networkInterfaces",
        NETWORK,
        "[variables('interfaceName')]",
        dependsOn=[f"[{_NETWORK}]", f"[{_BALANCER}]"],
        properties={"ipConfigurations": [configuration]},
    )


def _machine(product: Product) -> Resource:
    azure = product.listing.azure
    plan: Resource = {}
    image: Resource = {"id": "[parameters('imageId')]"}
    if has_plan(product):
        plan = {"plan": {"publisher": azure.publisher, "product": azure.offer, "name": azure.plan}}
        image = {
            "publisher": azure.publisher,
            "offer": azure.offer,
            "sku": azure.plan,
            "version": "latest",
        }
    disk = {
        "createOption": "FromImage",
        "diskSizeGB": "[parameters('diskSizeGB')]",
        "deleteOption": "Detach",
        "managedDisk": {"storageAccountType": "StandardSSD_LRS"},
    }
    return _made(
        "Microsoft.Compute/virtualMachines",
        COMPUTE,
        "[parameters('vmName')]",
        **plan,
        dependsOn=[f"[{_INTERFACE}]"],
        identity={"type": "SystemAssigned"},
        properties={
            "hardwareProfile": {"vmSize": "[parameters('vmSize')]"},
            "securityProfile": _security(),
            "storageProfile": {"imageReference": image, "osDisk": disk},
            "osProfile": _system(product),
            "networkProfile": {"networkInterfaces": [{"id": f"[{_INTERFACE}]"}]},
            "diagnosticsProfile": {"bootDiagnostics": {"enabled": True}},
        },
    )


def _security() -> Resource:
    return {
        "securityType": "TrustedLaunch",
        "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True},
        "encryptionAtHost": "[parameters('encryptionAtHost')]",
    }


def _system(product: Product) -> Resource:
    place = "[concat('/home/', parameters('adminUsername'), '/.ssh/authorized_keys')]"
    key = {"path": place, "keyData": "[parameters('sshPublicKey')]"}
    found: Resource = {
        "computerName": "[parameters('vmName')]",
        "adminUsername": "[parameters('adminUsername')]",
        "linuxConfiguration": {
            "disablePasswordAuthentication": True,
            "provisionVMAgent": True,
            "ssh": {"publicKeys": [key]},
        },
    }
    if product.settings:
        found["customData"] = _CUSTOM_DATA
    return found


# JSON is YAML too, so `string()` quotes whatever the customer typed, twice over.
_CUSTOM_DATA = (
    "[base64(concat('#cloud-config\n', string(createObject('write_files', createArray("
    "createObject('path', '/etc/caretaker/answers.json', 'permissions', '0600', "
    "'content', string(variables('answers'))))))))]"
)


def _right() -> Resource:
    roles = "'Microsoft.Authorization/roleDefinitions', variables('metricsPublisher')"
    principal = f"reference({MACHINE}, '{COMPUTE}', 'full').identity.principalId"
    return {
        "type": "Microsoft.Authorization/roleAssignments",
        "apiVersion": AUTHORIZATION,
        "name": f"[guid({MACHINE}, variables('metricsPublisher'))]",
        "scope": f"[{MACHINE}]",
        "dependsOn": [f"[{MACHINE}]"],
        "properties": {
            "roleDefinitionId": f"[subscriptionResourceId({roles})]",
            "principalId": f"[{principal}]",
            "principalType": "ServicePrincipal",
        },
    }
