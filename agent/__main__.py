"""The command's edge: the one place of the agent that turns an error into words and a status."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from agent.errors import CaretakerError


def main(argv: Sequence[str] | None = None) -> None:
    """Run the `caretaker` command and exit."""
    from agent.cli.program import program

    try:
        program.main(args=argv, prog_name="caretaker", standalone_mode=True)
    except CaretakerError as error:
        from agent.cli.saying import say_error

        say_error(error)
        sys.exit(error.exit_status)
    except BrokenPipeError:
        # `caretaker ledger | head`: the reader has what it wanted.
        sys.stderr.close()
        sys.exit(0)


if __name__ == "__main__":
    main()
