"""`python -m bench.redaction`: recall and survival on the corpus, as printed in docs/.

`--failures` lists each miss in its line; `--seed N` another corpus; `--quick` no other seeds and no
canary; `--corpus other` scores the second author's; `--single` each file alone, through standard
input.
"""

from __future__ import annotations

import argparse
import sys

from bench.health.table import Report, write
from bench.redaction import corpus as first
from bench.redaction.canary import findings
from bench.redaction.other import corpus as second
from bench.redaction.score import read, redacted, report, run, scored
from bench.redaction.single import singly

SEED = 20261121
OTHERS = (7, 1812)
CORPORA = {"first": first.corpus, "other": second.corpus}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.redaction")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--corpus", choices=CORPORA, default="first")
    parser.add_argument("--failures", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--single", action="store_true")
    said = parser.parse_args()
    make = CORPORA[said.corpus]
    samples = make(said.seed)
    if said.single:
        return write(f"redaction-single-{said.corpus}", [singly(samples)[1]])
    with redacted(samples) as (before, after, seconds):
        score = scored(samples, read(samples, after))
        score.seconds = seconds
        seen = [] if said.quick else [len(findings(before)), len(findings(after))]
    reports = [report(said.seed, score)]
    if said.failures:
        for line in score.failures():
            print(line)
    if not said.quick:
        reports[0].notes.append(f"detect-secrets: {seen[0]} findings before, {seen[1]} after")
        reports.append(_others(said.corpus))
    return write("redaction" if said.corpus == "first" else "redaction-other", reports)


def _others(name: str) -> Report:
    """Figures that depend on one seed would be luck."""
    made = Report(
        "Redaction: other seeds", head=("seed", "secret recall", "benign survival", "names")
    )
    for seed in OTHERS:
        score = run(seed, CORPORA[name])
        shares = (score.recall.share, score.benign.share, score.hidden.share)
        made.rows.append([str(seed), *(f"{share:.3f}" for share in shares)])
        made.figures[str(seed)] = shares
    return made


if __name__ == "__main__":
    sys.exit(main())
