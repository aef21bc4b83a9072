"""What is asked of a package for a marketplace, rule by rule, in the order shown to people."""

from packer.marketplace.rules.arm_machine import MACHINE as _ARM_MACHINE
from packer.marketplace.rules.arm_template import FORM as _ARM_FORM
from packer.marketplace.rules.aws_access import ACCESS as _AWS_ACCESS
from packer.marketplace.rules.aws_machine import MACHINE as _AWS_MACHINE
from packer.marketplace.rules.aws_template import TEMPLATE as _AWS_TEMPLATE
from packer.marketplace.rules.azure_fields import FIELDS as _AZURE_FIELDS
from packer.marketplace.rules.azure_ui import FORM as _AZURE_UI
from packer.marketplace.rules.gcp_metadata import METADATA as _GCP_METADATA
from packer.marketplace.rules.gcp_module import MODULE as _GCP_MODULE
from packer.marketplace.rules.listed import LISTED as _LISTED

RULES = (
    *_AWS_ACCESS,
    *_AWS_MACHINE,
    *_AWS_TEMPLATE,
    *_ARM_FORM,
    *_ARM_MACHINE,
    *_AZURE_UI,
    *_AZURE_FIELDS,
    *_GCP_MODULE,
    *_GCP_METADATA,
    *_LISTED,
)
