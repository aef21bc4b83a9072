"""`caretaker completion`: what a shell needs to complete our verbs."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from agent.errors import UsageError

_WHERE = {
    "bash": "caretaker completion bash > /etc/bash_completion.d/caretaker",
    "zsh": "caretaker completion zsh > /usr/local/share/zsh/site-functions/_caretaker",
    "fish": "caretaker completion fish > ~/.config/fish/completions/caretaker.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(list(_WHERE)))
def command(shell: str) -> None:
    """Print completion for SHELL.

    \b
    caretaker completion bash > /etc/bash_completion.d/caretaker
    caretaker completion zsh  > /usr/local/share/zsh/site-functions/_caretaker
    caretaker completion fish > ~/.config/fish/completions/caretaker.fish
    """
    from agent.cli.program import program

    kind = get_completion_class(shell)
    if kind is None:
        raise UsageError("usage", f"no completion for {shell}")
    click.echo(kind(program, {}, "caretaker", "_CARETAKER_COMPLETE").source())
