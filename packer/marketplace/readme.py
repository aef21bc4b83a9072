"""The README of each package: what is in it, and what a person does next.

Owns the words. Refuses steps that the package itself can hold.
"""

from __future__ import annotations

from packer.marketplace.product import Product
from packer.marketplace.sizes import Cloud

_HEAD = """# {title} {version} for {cloud}

Made from `appliance.toml` by `caretaker marketplace write`; change it there, then write and check
again: `caretaker marketplace check .`
{image}
"""
_IMAGE = """
The image: build `{build}`, SHA-256 `{digest}`. Compare before you upload it.
"""

_AWS = """## What is here

- `template.yaml`: CloudFormation, one appliance behind a network load balancer
- `listing.json`: the texts of the listing, to be copied into the form

## What to do

1. Import the disk (`raw` or `vhd`) as an AMI and share it with the marketplace's account.
   The template names the root device `/dev/xvda`; register the AMI with that name.
2. The stack is done when setup on the machine says so, by an HTTPS request to S3, and undone after
   15 minutes without a word. The machine must reach the bucket
   `cloudformation-waitcondition-REGION` on port 443: a way to the internet, or an endpoint for S3
   whose policy allows that bucket; and port 443 in `[firewall] egress` of `appliance.toml`, if that
   names places. Say so in the instructions of the listing.
3. {image}
4. Try it: `aws cloudformation validate-template --template-body file://template.yaml`, then make a
   stack in a network of your own.
5. Make a diagram of 1100 × 700 pixels and name it in `[listing] diagram`.
6. In the seller portal add a version with this template, the diagram and the texts.
7. Prices, tax and bank details are told there; nothing here knows them.

An upgrade is never another image in the same stack: CloudFormation would replace the instance.
The customer upgrades on the machine, `caretaker upgrade`.
"""
_AWS_PRODUCT = """The parameter `ImageId` is the product's own (`{product}`); nothing to fill in."""
_AWS_IMAGE = """Once the product has an id, say `[listing.aws] product = "prod-…"`; until then
   `ImageId` is asked of whoever makes the stack."""

_AZURE = """## What is here

- `mainTemplate.json`, `createUiDefinition.json`: the managed application and its form
- `app.zip`: both, to be uploaded
- `listing.json`: the texts of the listing, to be copied into the form

## What to do

1. Publish the disk (fixed VHD) as a virtual machine offer, or put it into a gallery.
2. {image}
3. Try the form: the portal's "Create UI Definition Sandbox" takes `createUiDefinition.json`.
4. Try the template: `az deployment group validate --template-file mainTemplate.json …`
5. Run Microsoft's own tests once where PowerShell is at hand: `Test-AzTemplate -TemplatePath .`
   Ours follow them, and are not them.
6. In Partner Center make an offer of kind Azure Application, plan Managed application, upload
   `app.zip`, and copy the texts. Choose that you get no access to the customer's resources.
7. The role assignment in the template needs a deployer who may assign roles in the managed
   resource group; the marketplace's own deployment may.
"""
_AZURE_PLAN = "The template takes the image of `{publisher}` / `{offer}` / `{plan}`."
_AZURE_IMAGE = (
    """Say publisher, offer and plan in `[listing.azure]`; until then `imageId` is asked."""
)

_GCP = """## What is here

- `main.tf`, `variables.tf`, `outputs.tf`, `versions.tf`: the Terraform module
- `metadata.yaml`, `metadata.display.yaml`: its interface and its form
- `module.zip`: all of them, to be uploaded
- `listing.json`: the texts of the listing, to be copied into the form

## What to do

1. Import the disk (`disk.raw` in a `tar.gz`) as an image of your public project, with the guest OS
   features UEFI_COMPATIBLE and VIRTIO_SCSI_MULTIQUEUE.
2. {image}
3. Where Terraform and its provider are at hand: `terraform init && terraform validate`, and
   `terraform fmt -check`. Here the module was read, not run.
4. `cft blueprint metadata --validate` checks both metadata files with Google's own tool.
5. Put `module.zip` into a versioned bucket, and name it in the producer portal.
6. Google deploys and deletes the product once as a test; the service account of the test needs the
   roles in `metadata.yaml`.
"""
_GCP_KNOWN = "`source_image` is `{image}` where nobody says otherwise."
_GCP_IMAGE = (
    """Say `[listing.gcp] image = "projects/…/global/images/…"`; the marketplace wants it."""
)

_NAMES: dict[Cloud, str] = {"aws": "AWS", "azure": "Azure", "gcp": "Google Cloud"}


def readme(product: Product, cloud: Cloud) -> str:
    image = _IMAGE.format(build=product.build, digest=product.digest) if product.digest else ""
    # A title is one line here, whatever it holds, and begins no other mark-up.
    title = " ".join(product.title.split()).replace("`", "'").replace("<", "&lt;")
    head = _HEAD.format(title=title, version=product.version, cloud=_NAMES[cloud], image=image)
    return f"{head}\n{_steps(product, cloud)}"


def _steps(product: Product, cloud: Cloud) -> str:
    listing = product.listing
    if cloud == "aws":
        said = _AWS_PRODUCT.format(product=listing.aws.product)
        return _AWS.format(image=said if listing.aws.product else _AWS_IMAGE)
    if cloud == "azure":
        azure = listing.azure
        known = _AZURE_PLAN.format(publisher=azure.publisher, offer=azure.offer, plan=azure.plan)
        return _AZURE.format(image=known if azure.publisher else _AZURE_IMAGE)
    known = _GCP_KNOWN.format(image=listing.gcp.image)
    return _GCP.format(image=known if listing.gcp.image else _GCP_IMAGE)
