"""The documents that rules are taken from, with the place where each may be read."""

from __future__ import annotations

from packer.certify.finding import Clause

_AWS = "https://docs.aws.amazon.com/marketplace/latest/userguide/product-and-ami-policies.html"
_AZURE = "https://learn.microsoft.com/partner-center/marketplace-offers/azure-vm-certification-faq"
_GCP = "https://github.com/GoogleCloudPlatform/cloud-image-tests"
_DO = "https://github.com/digitalocean/marketplace-partners/blob/master/scripts/99-img-check.sh"
_SYSTEMD = "https://systemd.io/BUILDING_IMAGES/"


def aws(section: str) -> Clause:
    return Clause("AWS Marketplace, policies for AMI products", section, _AWS)


def azure(section: str) -> Clause:
    return Clause("Azure Marketplace, VM certification", section, _AZURE)


def gcp(section: str) -> Clause:
    return Clause("Google Cloud image tests", section, _GCP)


def digitalocean(section: str) -> Clause:
    return Clause("DigitalOcean Marketplace image check", section, _DO)


def cis(section: str) -> Clause:
    """Numbers of the benchmark for Debian 12, version 1.1.0."""
    return Clause("CIS Debian Linux 12 Benchmark 1.1.0", section)


def systemd(section: str) -> Clause:
    return Clause("systemd, building images", section, _SYSTEMD)


def ours(section: str) -> Clause:
    return Clause("Caretaker, certification", section)
