"""`caretaker image`: golden images, from the base disk to the customer's cloud.

Owns the table of subcommands, each in a file of its own and imported when it is called.
"""

from __future__ import annotations

import importlib

import click

SUBCOMMANDS = {
    "base": ("packer.cli.image_base", "Make a base disk from a distribution's packages."),
    "build": ("packer.cli.image_build", "Make a signed golden image of an appliance."),
    "boot": ("packer.cli.image_boot", "Boot an image here, and wait until it is healthy."),
    "list": ("packer.cli.image_list", "List what was built, how far it got, how old it is."),
    "show": ("packer.cli.image_show", "Show where an image comes from, and whether that holds."),
    "promote": ("packer.cli.image_promote", "Let an image go on: from dev to qa, to prod."),
    "add": ("packer.cli.image_add", "Take a build that was made elsewhere into the catalogue."),
    "key": ("packer.cli.image_key", "Make the key that signs images, show its public half."),
    "sign": ("packer.cli.image_sign", "Sign files of a build."),
    "verify": ("packer.cli.image_verify", "Say whether files are what their signer signed."),
    "difference": ("packer.cli.image_difference", "List what an image has over its base, and why."),
    "template": ("packer.cli.image_template", "Write the Packer template, for a cloud or CI."),
}


class Subcommands(click.Group):
    """Lists the table and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in SUBCOMMANDS:
            return None
        found: click.Command = importlib.import_module(SUBCOMMANDS[cmd_name][0]).command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, row[1]) for name, row in SUBCOMMANDS.items()])


@click.command(cls=Subcommands)
def command() -> None:
    """Build golden images, sign them, and keep account of them.

    \b
    caretaker image build examples/sochdb --output out/ --key image.key
    caretaker image boot out/sochdb-0.8.3-amd64.qcow2
    caretaker image list
    caretaker image promote 4f3a qa --key image.key
    caretaker image template --packer-min 1.10 --output packer/
    """
