"""`python -m bench.tls`: no kill and no power cut leaves a bad TLS pair in use.

Works in a temporary folder, needs strace; the peer (Debian's make-ssl-cert) is run in a mount
namespace of its own where it is installed.
"""

import argparse
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from bench.health.table import Bar, Report, write
from bench.tls import kills, peer, power


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.tls", description=__doc__)
    parser.add_argument("--points", type=int, default=0, help="kill points a story; 0: every one")
    parser.add_argument("--every", type=int, default=1, help="of a power cut's states")
    parser.add_argument("--peer-kills", type=int, default=60, help="kills of make-ssl-cert")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="caretaker-bench-tls-") as scratch:
        folder = Path(scratch)
        reports = [
            _killed(folder, said.points, said.peer_kills),
            _cut(folder, said.every),
        ]
    return write("tls", reports)


def _killed(folder: Path, points: int, peer_kills: int) -> Report:
    report = Report(
        "Killed with -9 at state-changing calls", ("who", "points", "bad pair in use", "stays bad")
    )
    bad = stuck = count = 0
    for story in kills.STORIES:
        found = kills.sweep(folder / f"kill-{story.name}", story, points, _progress)
        report.rows.append([story.title, str(found.killed), str(len(found.bad)),
                            str(len(found.stuck))])  # fmt: skip
        report.notes += [*found.bad, *found.stuck]
        bad, stuck, count = bad + len(found.bad), stuck + len(found.stuck), count + found.killed
    if peer.available():
        theirs = peer.sweep(folder / "peer", peer_kills, _progress)
        report.rows.append(["make-ssl-cert (Debian), once a file changed", str(theirs.killed),
                            str(theirs.bad), str(theirs.stuck)])  # fmt: skip
        report.figures["peer"] = asdict(theirs)
    else:
        report.notes.append("make-ssl-cert is not installed, so there is no peer")
    print(file=sys.stderr)
    report.figures |= {"points": count, "bad": bad, "stuck": stuck}
    report.bars += [
        Bar("kills that left an empty or mismatched pair in use", float(bad), 0),
        Bar("kills from which the next run did not converge", float(stuck), 0),
    ]
    return report


def _cut(folder: Path, every: int) -> Report:
    report = Report("Power cut at every moment", ("what runs", "moments", "disks", "violations"))
    violations = 0
    for name, found in power.sweeps(folder / "power", every, _progress):
        report.rows.append([name, str(found.points), str(found.states),
                            str(len(found.violations))])  # fmt: skip
        report.figures[name] = {"points": found.points, "states": found.states}
        if name != power.PLANTED:
            violations += len(found.violations)
            report.notes += found.violations[:5]
        else:
            report.figures["planted"] = len(found.violations)
            report.bars.append(Bar("violations found where an fsync was left out on purpose",
                                   float(len(found.violations)), 1, least=True))  # fmt: skip
    print(file=sys.stderr)
    report.bars.append(Bar("disks with a bad pair, or no way on", float(violations), 0))
    return report


def _progress(text: str) -> None:
    print(f"\r{text}   ", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
