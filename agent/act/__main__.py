"""The one-shot itself: `python -I -m agent.act`, as root, with the connection on standard input.

Owns this process's edges: the request in, the answer out, one line for the journal, and an exit
status with a meaning (agent.errors). Refuses arguments.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from agent.act.acts import Hands
from agent.act.names import names_of
from agent.act.office import Office
from agent.act.request import LONGEST, Answer, answer_to, write_answer
from agent.cli.appliance import manifest_of
from agent.errors import CaretakerError, InternalError, MachineError
from agent.host.accounts import uid_of
from agent.host.failures import HostFailure
from agent.host.handed_over import Caller
from agent.host.machine import Host
from agent.layout import TOOL_USER, Layout
from agent.ledger import Ledger
from agent.services.open import open_services

FOLDER = Path("/run/caretaker-act")  # RuntimeDirectory= of caretaker-act@.service
_PATIENCE = 5.0  # seconds for a line of 200 bytes, and for taking the answer


def main() -> int:
    with Caller() as caller:
        answer = _served(caller)
        caller.answer(write_answer(answer), timeout=_PATIENCE)
    print(answer.message, file=sys.stderr)  # noqa: T201  (standard error is the journal here)
    return answer.status


def _served(caller: Caller) -> Answer:
    try:
        line = caller.line(cap=LONGEST, timeout=_PATIENCE)
        return _office().serve(line, caller.uid)
    except CaretakerError as error:
        return answer_to(error)
    except HostFailure as failure:
        return answer_to(MachineError("file-unwritable", str(failure)))
    except Exception as error:  # The edge: whoever asked must hear that it went wrong.
        traceback.print_exception(error)
        message = "the act broke off; this is a defect of Caretaker"
        return answer_to(InternalError("internal", message, hint="journalctl -t caretaker-act"))


def _office() -> Office:
    host = Host()
    manifest, layout = manifest_of(Layout(Path("/")))
    services = open_services(manifest, layout, host)
    return Office(
        hands=Hands(services, host.systemd),
        names=names_of(manifest, services.names()),
        ledger=Ledger(layout.ledger, host.clock),
        folder=FOLDER,
        agent=uid_of(TOOL_USER),
        clock=host.clock,
    )


if __name__ == "__main__":
    sys.exit(main())
