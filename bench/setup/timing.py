"""How long setup takes where nothing is to be done, and what a plan touches.

Owns the measuring of whole commands, as a person types them: from sh to exit.
"""

from statistics import median

from bench.health.table import Bar, Report
from bench.setup.arena import Arena
from bench.setup.sweep import prepare
from bench.setup.trace import writes

SECOND_RUN = 1.0  # seconds


def timing(arena: Arena, runs: int) -> Report:
    """First run, second runs, plans before and after; the plans' writes by strace."""
    report = Report("Setup: second run and plan", ("run", "median", "slowest", "changed"))
    before = writes(arena.argv("--plan"), arena.folder / "strace.log")
    early = [arena.run("--plan").seconds for _ in range(runs)]
    first = prepare(arena)
    second = [arena.run() for _ in range(runs)]
    late = [arena.run("--plan").seconds for _ in range(runs)]
    after = writes(arena.argv("--plan"), arena.folder / "strace.log")
    seconds = [each.seconds for each in second]
    changed = [each.changed for each in second]
    rows = [
        ("first run, private environment included", [first.seconds], first.changed),
        ("second run", seconds, max(changed, key=str)),
        ("plan on a bare place", early, "-"),
        ("plan where all stands", late, "-"),
    ]
    for name, times, count in rows:
        report.rows.append([name, f"{median(times):.2f} s", f"{max(times):.2f} s", str(count)])
    report.bars += [
        Bar("second run, slowest", round(max(seconds), 3), SECOND_RUN, "s"),
        Bar("second run, things changed", float(sum(1 for each in changed if each != 0)), 0),
        Bar("calls of --plan that write, before and after", float(len(before + after)), 0),
    ]
    report.notes += [f"a plan wrote: {line}" for line in [*before, *after]]
    report.figures = {"second_run": seconds, "plan": late, "plan_bare": early,
                      "first_run": first.seconds}  # fmt: skip
    return report
