"""A whole session: every contender in turn, round after round, and a report."""

import os
import sys

from benchmarks import tuning
from benchmarks.contenders import CONTENDERS, NEW
from benchmarks.measure import Bench
from benchmarks.report import RESULTS, render
from benchmarks.stage import setting_up


def hold() -> int:
    """Measure everything, print and keep the report; the exit status."""
    load_before = os.getloadavg()[0]
    say("Starting PostgreSQL, Redis and the contenders …")
    with setting_up() as stage:
        bench = Bench(stage)
        for contender in CONTENDERS:
            say(f"Warming up: {contender.name}")
            bench.warm_up(contender)
        if bench.errors:
            say("\n".join(bench.errors))
            return 1
        for number in range(1, tuning.ROUNDS + 1):
            for contender in CONTENDERS:
                bench.measure(contender)
            bench.measure_pgbench(NEW)
            say(f"Round {number} of {tuning.ROUNDS} is done.")
    report = render(bench.rates, bench.errors, load_before=load_before)
    RESULTS.write_text(report)
    sys.stdout.write(report)
    return 1 if bench.errors else 0


def say(line: str) -> None:
    """Tell whoever waits how far it is."""
    sys.stderr.write(f"{line}\n")
