"""The Terraform module: `variables.tf`, `versions.tf`, `outputs.tf` and `main.tf` as text.

Owns their words and the writing of variables. Refuses provisioners, and anything fetched.
"""

from __future__ import annotations

import json
import re
from typing import Any

from packer.marketplace.gcp_variables import Variable, variable_name, variables
from packer.marketplace.product import Product
from packer.marketplace.quoting import hcl_string

PROVIDER = "hashicorp/google"
PROVIDER_VERSION = ">= 5.0, < 8.0"
TERRAFORM_VERSION = ">= 1.3"
MADE = """# Made from appliance.toml by `caretaker marketplace write`; change it there.
"""

# Of one forwarding rule; with more it takes all, and the firewall rule says which come in.
_MOST_PORTS = 5

OUTPUTS = (
    ("address", "Address of the load balancer.", "google_compute_address.appliance.address"),
    ("instance", "The machine; `gcloud compute instances get-serial-port-output` shows setup.",
     "google_compute_instance.appliance.self_link"),
    ("claim", "How to claim it; no password is in image, module or outputs.",
     '"Sign in with gcloud compute ssh, then: sudo caretaker status"'),
)  # fmt: skip


def variables_text(product: Product) -> str:
    return MADE + "".join("\n" + _variable(each) for each in variables(product))


def _variable(each: Variable) -> str:
    lines = [
        f'variable "{each.name}" {{',
        f"  type        = {each.type}",
        f"  description = {hcl_string(each.description)}",
    ]
    if not each.required:
        lines.append(f"  default     = {hcl_value(each.default)}")
    if each.condition:
        lines += [
            "",
            "  validation {",
            f"    condition     = {each.condition}",
            f"    error_message = {hcl_string(each.wrong)}",
            "  }",
        ]
    return "\n".join([*lines, "}", ""])


def hcl_value(value: Any) -> str:
    """A literal: text, number, true or false, a list of them."""
    if isinstance(value, str):
        return hcl_string(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(hcl_value(each) for each in value)}]"
    return json.dumps(value)


def versions_text() -> str:
    return f"""{MADE}
terraform {{
  required_version = "{TERRAFORM_VERSION}"

  required_providers {{
    google = {{
      source  = "{PROVIDER}"
      version = "{PROVIDER_VERSION}"
    }}
  }}
}}

provider "google" {{
  project = var.project_id
  region  = local.region
  zone    = var.zone
}}
"""


def outputs_text() -> str:
    blocks = [
        f'output "{name}" {{\n  description = {hcl_string(says)}\n  value       = {value}\n}}\n'
        for name, says, value in OUTPUTS
    ]
    return MADE + "".join("\n" + block for block in blocks)


def main_text(product: Product) -> str:
    """The resources. Words of the vendor stand in variables, never here."""
    ports = product.ports or (product.probe,)
    answers = ""
    metadata = ""
    if product.settings:
        rows = [f"{hcl_string(name)} = var.{variable_name(name)}" for name in product.settings]
        answers = "\n".join(["", "  answers = {", *(f"    {row}" for row in rows), "  }", ""])
        metadata = _USER_DATA
    text = _MAIN
    for mark, value in (
        ("@MADE@\n", MADE),
        ("@NAME@", product.name),
        ("@VERSION@", re.sub("[^a-z0-9_-]", "-", product.version.lower())[:63]),
        ("@FORWARDED@", "ports      " if len(ports) <= _MOST_PORTS else "all_ports  "),
        ("@ALL_PORTS@", "local.ports" if len(ports) <= _MOST_PORTS else "true"),
        ("@PORTS@", json.dumps([str(port) for port in ports])),
        ("@PROBE@", str(product.probe)),
        ("@ANSWERS@", answers),
        ("@USER_DATA@\n", metadata),
    ):  # fmt: skip
        text = text.replace(mark, value)
    return text


_USER_DATA = """
    # JSON is YAML too, and jsonencode quotes whatever the customer typed, twice over.
    user-data = "#cloud-config\\n${jsonencode({
      write_files = [{
        path        = "/etc/caretaker/answers.json"
        permissions = "0600"
        content     = jsonencode({ settings = local.answers })
      }]
    })}"
"""

_MAIN = """@MADE@
locals {
  region = join("-", slice(split("-", var.zone), 0, 2))
  name   = var.goog_cm_deployment_name
  ports  = @PORTS@
  labels = {
    caretaker-application = "@NAME@"
    caretaker-version     = "@VERSION@"
  }
  # Where Google's health checks come from: Load Balancing, "Probe IP ranges".
  probes = ["35.191.0.0/16", "130.211.0.0/22", "209.85.152.0/22", "209.85.204.0/22"]
@ANSWERS@}

resource "google_service_account" "appliance" {
  # 6 to 30 characters; the last is no hyphen.
  account_id   = "${substr(local.name, 0, 22)}-machine"
  display_name = "The machine of ${local.name}"
}

# It may write logs and metrics, and nothing else.
resource "google_project_iam_member" "appliance" {
  for_each = toset(["roles/logging.logWriter", "roles/monitoring.metricWriter"])
  project  = var.project_id
  role     = each.value
  member   = "serviceAccount:${google_service_account.appliance.email}"
}

resource "google_compute_instance" "appliance" {
  name                      = local.name
  machine_type              = var.machine_type
  zone                      = var.zone
  tags                      = [local.name]
  labels                    = local.labels
  allow_stopping_for_update = true

  boot_disk {
    auto_delete = false
    initialize_params {
      image = var.source_image
      size  = var.disk_size
      type  = "pd-balanced"
    }
  }

  network_interface {
    network    = var.network
    subnetwork = var.subnetwork == "" ? null : var.subnetwork
  }

  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  service_account {
    email  = google_service_account.appliance.email
    scopes = ["logging-write", "monitoring-write"]
  }

  metadata = {
    enable-oslogin          = "TRUE"
    enable-guest-attributes = "TRUE"
    block-project-ssh-keys  = "TRUE"
    serial-port-enable      = "FALSE"
@USER_DATA@
  }
}

resource "google_compute_firewall" "clients" {
  name          = "${local.name}-clients"
  network       = var.network
  source_ranges = var.client_ranges
  target_tags   = [local.name]

  allow {
    protocol = "tcp"
    ports    = local.ports
  }
}

resource "google_compute_firewall" "health" {
  name          = "${local.name}-health"
  network       = var.network
  source_ranges = local.probes
  target_tags   = [local.name]

  allow {
    protocol = "tcp"
    ports    = ["@PROBE@"]
  }
}

resource "google_compute_firewall" "ssh" {
  count         = length(var.ssh_ranges) == 0 ? 0 : 1
  name          = "${local.name}-ssh"
  network       = var.network
  source_ranges = var.ssh_ranges
  target_tags   = [local.name]

  allow {
    protocol = "tcp"
    ports    = ["22"]
  }
}

resource "google_compute_region_health_check" "appliance" {
  name                = "${local.name}-health"
  region              = local.region
  check_interval_sec  = 10
  timeout_sec         = 5
  healthy_threshold   = 2
  unhealthy_threshold = 2

  http_health_check {
    port         = @PROBE@
    request_path = "/healthz"
  }
}

resource "google_compute_instance_group" "appliance" {
  name      = local.name
  zone      = var.zone
  instances = [google_compute_instance.appliance.self_link]
}

resource "google_compute_region_backend_service" "appliance" {
  name                  = local.name
  region                = local.region
  protocol              = "TCP"
  load_balancing_scheme = "EXTERNAL"
  health_checks         = [google_compute_region_health_check.appliance.id]

  backend {
    group          = google_compute_instance_group.appliance.id
    balancing_mode = "CONNECTION"
  }
}

resource "google_compute_address" "appliance" {
  name   = local.name
  region = local.region
}

resource "google_compute_forwarding_rule" "appliance" {
  name                  = local.name
  region                = local.region
  load_balancing_scheme = "EXTERNAL"
  ip_protocol           = "TCP"
  ip_address            = google_compute_address.appliance.address
  @FORWARDED@           = @ALL_PORTS@
  backend_service       = google_compute_region_backend_service.appliance.id
}
"""
