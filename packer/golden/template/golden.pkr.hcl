# One template, four sources. Packer 1.6.6 takes this file by its name:
#     packer validate golden.pkr.hcl
# Packer 1.10 and later takes the folder, with plugins.pkr.hcl, as
#     caretaker image template --packer-min 1.10 --output DIR
# writes it: lines that begin with `#1.10|` are for those, and comments for the older.
packer {
  required_version = ">= 1.6.6"
}

variable "release" {
  type    = string
  default = "appliance-0"
}

variable "upload" {
  type    = string
  default = "upload"
}

# --- on this machine, with QEMU ---
variable "base_image" {
  type    = string
  default = "base.qcow2"
}

variable "base_checksum" {
  type    = string
  default = "none"
}

variable "build_key" {
  type    = string
  default = "build-key"
}

variable "seed" {
  type    = string
  default = "seed"
}

variable "output" {
  type    = string
  default = "golden"
}

variable "serial_log" {
  type    = string
  default = "serial.log"
}

variable "accelerator" {
  type    = string
  default = "tcg"
}

variable "qemu_binary" {
  type    = string
  default = "qemu-system-x86_64"
}

variable "machine_type" {
  type    = string
  default = "q35"
}

variable "processor" {
  type    = string
  default = "max"
}

variable "firmware" {
  type    = string
  default = "bios-256k.bin" # QEMU's own default for a PC
}

# --- in a cloud; every value is the operator's, and none is a credential that works ---
variable "architecture" {
  type    = string
  default = "amd64"
}

variable "aws_access_key" {
  type    = string
  default = "operator"
}

variable "aws_secret_key" {
  type      = string
  default   = "operator"
  sensitive = true
}

variable "aws_instance_type" {
  type    = string
  default = "t3.small"
}

variable "azure_subscription" {
  type    = string
  default = "00000000-0000-0000-0000-000000000000"
}

variable "azure_tenant" {
  type    = string
  default = "00000000-0000-0000-0000-000000000000"
}

variable "azure_client" {
  type    = string
  default = "00000000-0000-0000-0000-000000000000"
}

variable "azure_secret" {
  type      = string
  default   = "operator"
  sensitive = true
}

variable "azure_vm_size" {
  type    = string
  default = "Standard_B2s"
}

variable "azure_image_sku" {
  type    = string
  default = "12-gen2"
}

variable "azure_resource_group" {
  type    = string
  default = "images"
}

variable "gcp_project" {
  type    = string
  default = "example-project"
}

variable "gcp_account_file" {
  type    = string
  default = ""
}

variable "gcp_machine_type" {
  type    = string
  default = "e2-small"
}

variable "gcp_source_family" {
  type    = string
  default = "debian-12"
}

source "qemu" "golden" {
  iso_url            = var.base_image
  iso_checksum       = var.base_checksum
  disk_image         = true
  format             = "qcow2"
  skip_resize_disk   = true
  skip_compaction    = true # course.py writes the compressed disk, once
  accelerator        = var.accelerator
  qemu_binary        = var.qemu_binary
  machine_type       = var.machine_type
  cpus               = 2
  memory             = 2048
  headless           = true
  net_device         = "virtio-net"
  disk_interface     = "virtio"
  disk_discard       = "unmap"
  disk_detect_zeroes = "unmap"
  disk_cache         = "unsafe" # a power cut ends the build anyway
  output_directory   = var.output
  vm_name            = "golden.qcow2"

  # The seed comes over HTTP, named in SMBIOS: a cloud kernel has no driver for a CD, and nothing
  # of it stays on the disk.
  http_directory         = var.seed
  http_bind_address      = "127.0.0.1" # the machine sees it as 10.0.2.2; nobody else does
  boot_wait              = "1s"
  communicator           = "ssh"
  ssh_username           = "builder"
  ssh_private_key_file   = var.build_key
  ssh_timeout            = "6m"
  ssh_handshake_attempts = 400

  # A unit of its own does the rest, with no session open: what a session writes at its end would
  # stay in the image. It removes this user too, and turns the machine off.
  shutdown_command = "sudo systemd-run --quiet --collect --unit=caretaker-seal -p StandardOutput=journal+console -p StandardError=journal+console /opt/caretaker/venv/bin/python -I -m packer.golden.inside seal --user builder --power-off"
  shutdown_timeout = "6m"

  # Each of these replaces every default of the same switch: a -device here would take the network
  # card away.
  qemuargs = [
    ["-cpu", var.processor],
    ["-bios", var.firmware],
    ["-smbios", "type=1,serial=ds=nocloud-net;s=http://10.0.2.2:{{ .HTTPPort }}/"],
    ["-serial", "file:${var.serial_log}"],
    ["-display", "none"],
    # Packer's own line lets the whole network come to the machine's SSH.
    ["-netdev", "user,id=user.0,hostfwd=tcp:127.0.0.1:{{ .SSHHostPort }}-:22"],
  ]
}

source "amazon-ebs" "golden" {
  access_key                = var.aws_access_key
  secret_key                = var.aws_secret_key
  region                    = "us-east-1" # AWS Marketplace takes images from here only
  skip_region_validation    = true
  instance_type             = var.aws_instance_type
  ami_name                  = var.release
  ami_virtualization_type   = "hvm"
  ena_support               = true
  encrypt_boot              = false # AWS Marketplace refuses encrypted snapshots
  ssh_username              = "admin"
  ssh_clear_authorized_keys = true
  #1.10| imds_support = "v2.0"
  #1.10| boot_mode    = "uefi-preferred"
  #1.10| tpm_support  = "v2.0"

  source_ami_filter {
    filters = {
      name                = "debian-12-${var.architecture}-*"
      virtualization-type = "hvm"
      root-device-type    = "ebs"
    }
    owners      = ["136693071363"] # Debian's account
    most_recent = true
  }

  launch_block_device_mappings {
    device_name           = "/dev/xvda"
    volume_size           = 30
    volume_type           = "gp3"
    throughput            = 125
    iops                  = 3000
    delete_on_termination = true
  }
}

source "azure-arm" "golden" {
  subscription_id                   = var.azure_subscription
  tenant_id                         = var.azure_tenant
  client_id                         = var.azure_client
  client_secret                     = var.azure_secret
  location                          = "westeurope"
  vm_size                           = var.azure_vm_size
  os_type                           = "Linux"
  os_disk_size_gb                   = 30
  image_publisher                   = "Debian"
  image_offer                       = "debian-12"
  image_sku                         = var.azure_image_sku
  ssh_username                      = "builder"
  managed_image_name                = var.release
  managed_image_resource_group_name = var.azure_resource_group
  #1.10| security_type       = "TrustedLaunch"
  #1.10| secure_boot_enabled = true
  #1.10| vtpm_enabled        = true
}

source "googlecompute" "golden" {
  project_id          = var.gcp_project
  account_file        = var.gcp_account_file
  zone                = "us-central1-a"
  machine_type        = var.gcp_machine_type
  source_image_family = var.gcp_source_family
  ssh_username        = "builder"
  image_name          = var.release
  image_family        = "appliance"
  disk_size           = 30
  #1.10| enable_secure_boot      = true
  #1.10| enable_vtpm             = true
  #1.10| image_guest_os_features = ["UEFI_COMPATIBLE", "GVNIC", "VIRTIO_SCSI_MULTIQUEUE", "SEV_CAPABLE"]
}

build {
  sources = [
    "source.qemu.golden",
    "source.amazon-ebs.golden",
    "source.azure-arm.golden",
    "source.googlecompute.golden",
  ]

  # With a slash at its end scp would want the folder to be there.
  provisioner "file" {
    source      = var.upload
    destination = "/tmp"
  }

  provisioner "shell" {
    inline          = ["sh -eu /tmp/upload/install.sh"]
    execute_command = "chmod +x {{ .Path }}; sudo env {{ .Vars }} sh -eu {{ .Path }}"
  }

  # In a cloud the machine is stopped from outside, so this is the last word in it.
  provisioner "shell" {
    only            = ["amazon-ebs.golden", "googlecompute.golden"]
    inline          = ["/opt/caretaker/venv/bin/python -I -m packer.golden.inside seal --user \"$SUDO_USER\""]
    execute_command = "chmod +x {{ .Path }}; sudo env {{ .Vars }} sh -eu {{ .Path }}"
    skip_clean      = true
  }

  # Azure's agent takes the user away that it made.
  provisioner "shell" {
    only = ["azure-arm.golden"]
    inline = [
      "/opt/caretaker/venv/bin/python -I -m packer.golden.inside seal",
      "/usr/sbin/waagent -force -deprovision+user",
    ]
    execute_command = "chmod +x {{ .Path }}; sudo env {{ .Vars }} sh -eu {{ .Path }}"
    skip_clean      = true
  }
}
